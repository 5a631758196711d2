import { readdirSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { inRepository, textOf } from './repository.ts';

/** The fields of a manifest that the tests read. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: ManifestSpec;
}

/** The fields of a spec that the tests read, of any kind of manifest. */
export interface ManifestSpec {
  readonly replicas?: number;
  readonly serviceName?: string;
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> } & Readonly<Record<string, unknown>>;
  readonly template?: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: PodSpec;
  };
}

/** The fields of a pod that the tests read. */
export interface PodSpec {
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly containers: readonly Container[];
}

type Probe = { readonly httpGet: { readonly path: string; readonly port: string } };

/** The fields of a container that the tests read. */
export interface Container {
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe: Probe;
  readonly resources?: { readonly limits: { readonly memory: string } };
}

const folder = 'deploy/kubernetes';

/** Every manifest with the name of its file, except the file of kustomize. */
export const manifests: readonly (readonly [file: string, manifest: Manifest])[] = readdirSync(inRepository(folder))
  .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
  .flatMap((file) =>
    parseAllDocuments(textOf(`${folder}/${file}`)).map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return [file, document.toJSON() as Manifest] as const;
    }),
  );

/** The manifest with this kind and name. */
export function manifestOf(kind: string, name = 'rollcall'): Manifest {
  const found = manifests.find(([, manifest]) => manifest.kind === kind && manifest.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found[1];
}

/** The pod of a workload, and its only container. */
export function podOf(kind: string, name = 'rollcall'): { readonly pod: PodSpec; readonly container: Container } {
  const pod = manifestOf(kind, name).spec?.template?.spec;
  const container = pod?.containers[0];
  if (pod === undefined || container === undefined) throw new Error(`${kind} ${name} has no container`);
  return { pod, container };
}
