import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { operations } from '../../../server/src/openapi/operations.ts';
import { closeGraceMs } from '../../../server/src/server-options.ts';
import { settingTable } from '../../../service/src/registries/settings.ts';
import { lineOf, problemsOf } from '../../src/settings/check-settings.ts';
import { readSettings } from '../../src/settings/read-settings.ts';
import { manifestOf, manifests, podOf } from './manifests.ts';
import { inRepository, textOf } from './repository.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'rollcall-kubernetes-'));
// The folder is within the package, so that the compiler finds the types.
const typesFolder = inRepository(`packages/cli/node_modules/.manifests-${process.pid}`);
afterAll(() => {
  for (const path of [folder, typesFolder]) rmSync(path, { recursive: true, force: true });
});

/** The module that has the fields of a kind, such as `StatefulSet` of `apps/v1`. */
const moduleOf = (apiVersion: string, kind: string): string =>
  `kubernetes-models/${apiVersion.includes('/') ? apiVersion : apiVersion}/${kind}`;

describe('the manifests for Kubernetes', () => {
  it('the Kubernetes manifests have only fields and types that Kubernetes knows', {
    timeout: 120_000,
  }, async () => {
    mkdirSync(typesFolder, { recursive: true });
    const files = manifests.map(([file, manifest], index) => {
      const { apiVersion, kind } = manifest;
      const name = `${index}-${file.replace('.yaml', '')}-${kind}.ts`;
      const from = JSON.stringify(moduleOf(apiVersion, kind));
      const text = `import type { I${kind} } from ${from};\nexport const manifest: I${kind} = ${JSON.stringify(manifest, null, 2)};\n`;
      writeFileSync(join(typesFolder, name), text);
      return name;
    });
    const options = { noEmit: true, strict: true, skipLibCheck: true, types: [], module: 'nodenext', target: 'es2022' };
    writeFileSync(join(typesFolder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files }));
    // The call rejects with the errors of the compiler.
    await run('npx', ['tsc', '-p', typesFolder], { cwd: inRepository('.') });
  });

  it('kustomize applies every Kubernetes manifest but the example', () => {
    const { resources } = parse(textOf('deploy/kubernetes/kustomization.yaml')) as { resources: string[] };
    const files = readdirSync(inRepository('deploy/kubernetes'));
    expect([...resources, 'kustomization.yaml', 'example-service.yaml'].sort()).toEqual(files.sort());
  });

  it.each(['StatefulSet', 'Deployment'])(
    'the selectors of a Kubernetes manifest match the pods that it makes: %s',
    (kind) => {
      const [, manifest] = manifests.find(([, one]) => one.kind === kind)!;
      expect(manifest.spec!.template!.metadata.labels).toMatchObject(manifest.spec!.selector!.matchLabels!);
      for (const other of ['Service', 'PodDisruptionBudget', 'NetworkPolicy']) {
        const spec = manifestOf(other).spec as unknown as Record<string, { matchLabels?: object }>;
        const selector = spec.podSelector ?? spec.selector!;
        expect(manifestOf('StatefulSet').spec!.template!.metadata.labels).toMatchObject(
          selector.matchLabels ?? selector,
        );
      }
    },
  );

  it('the Kubernetes manifests give the server valid settings, and an allowed host name for each of its pods', () => {
    const { container, pod } = podOf('StatefulSet');
    const file = join(folder, 'rollcall.yaml');
    writeFileSync(file, manifestOf('ConfigMap').data!['rollcall.yaml']!);
    const tokens = join(folder, 'tokens.json');
    writeFileSync(tokens, JSON.stringify({ tokens: [] }));
    const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
    const settings = readSettings({ flags: {}, env: { ...env, ROLLCALL_SERVER_TOKENS_FILE: tokens }, file });
    expect(problemsOf(settings).map(lineOf)).toEqual([]);
    expect(container.args).toEqual(['serve', '--config', '/etc/rollcall/rollcall.yaml']);
    // Clients use the short names in the namespace of the server, and the long names in another namespace.
    const { replicas, serviceName } = manifestOf('StatefulSet').spec!;
    const names = Array.from({ length: replicas! }, (_, index) => `rollcall-${index}.${serviceName}`);
    expect(settings.values.allowHost).toEqual([...names, ...names.map((name) => `${name}.rollcall`)]);
    expect(container.ports).toEqual([{ name: 'http', containerPort: settings.values.port }]);
    // With service links, the server would take ROLLCALL_SERVER_PORT of a Service named rollcall-server for a setting.
    expect(pod.enableServiceLinks).toBe(false);
  });

  it('the probes of the Kubernetes manifests ask for paths that the server has and that need no token', () => {
    for (const [kind, name] of [['StatefulSet', 'rollcall']] as const) {
      const { startupProbe, livenessProbe, readinessProbe, ports } = podOf(kind, name).container;
      for (const probe of [startupProbe!, livenessProbe!, readinessProbe]) {
        expect(operations).toHaveProperty([`GET ${probe.httpGet.path}`]);
        expect(probe.httpGet.port).toBe(ports[0]?.name);
      }
    }
  });

  it('the Kubernetes manifests leave the server time to close, and memory beside its heap', () => {
    const { pod, container } = podOf('StatefulSet');
    expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(2 * closeGraceMs);
    const heap = Number(/=(\d+)$/.exec(container.env.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '')?.[1]);
    const limit = Number(/^(\d+)Mi$/.exec(container.resources?.limits.memory ?? '')?.[1]);
    expect(limit).toBeGreaterThanOrEqual(1.5 * heap);
  });

  it('the example manifest advertises the address of its pod by variables that the runtime reads, and leaves time to drain', () => {
    const { pod, container } = podOf('Deployment', 'greeter');
    const known = Object.values(settingTable).flatMap(({ env }) => env);
    const values = new Map(container.env.map((variable) => [variable.name, variable]));
    for (const name of values.keys()) if (name.startsWith('ROLLCALL_')) expect(known).toContain(name);
    expect(values.get('POD_IP')?.valueFrom).toEqual({ fieldRef: { fieldPath: 'status.podIP' } });
    expect(values.get('ROLLCALL_ADVERTISE')?.value).toBe(`$(POD_IP):${container.ports[0]?.containerPort}`);
    // Kubernetes resolves only variables that are defined earlier in the list.
    expect([...values.keys()].indexOf('POD_IP')).toBeLessThan([...values.keys()].indexOf('ROLLCALL_ADVERTISE'));
    const config = parse(manifestOf('ConfigMap').data!['rollcall.yaml']!) as { 'allow-host': string[]; port: number };
    for (const address of values.get('ROLLCALL_REGISTRY_ADDRESS')!.value!.split(',')) {
      expect(config['allow-host']).toContain(address.split(':')[0]);
      expect(address.split(':')[1]).toBe(`${config.port}`);
    }
    // The runtime waits 2 s after it has deregistered, then for the requests in flight.
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
    expect(manifestOf('Deployment', 'greeter').spec!.template!.metadata.labels).toHaveProperty(
      ['rollcall/client'],
      'true',
    );
  });
});
