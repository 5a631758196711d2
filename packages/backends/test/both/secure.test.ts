import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Registry } from '@rollcall/core';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { consul } from '../../../adapters/consul/src/index.ts';
import { etcd } from '../../../adapters/etcd/src/index.ts';
import { type BackendProcess, consulAgent, etcdNode, freePorts, TcpProxy } from '../../src/index.ts';
import { endsByItself, leavings } from './leftovers.ts';
import { addressesOf, Roll } from './roll.ts';

interface Identity {
  readonly key: string;
  readonly cert: string;
}
const folder = mkdtempSync(join(tmpdir(), 'rollcall-tls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function issue(name: string, by?: Identity): Promise<Identity> {
  const altNames = [
    { type: 7, ip: '127.0.0.1' },
    { type: 2, value: 'localhost' },
  ] as const;
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...(by === undefined ? {} : { ca: by }),
    extensions: [
      { name: 'basicConstraints', cA: by === undefined, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: by === undefined, critical: true },
      ...(by === undefined ? [] : [{ name: 'extKeyUsage', serverAuth: true, clientAuth: true } as const]),
      { name: 'subjectAltName', altNames: [...altNames] },
    ],
  });
  const identity = { key: made.private, cert: made.cert };
  for (const part of ['key', 'cert'] as const) writeFileSync(join(folder, `${name}.${part}`), identity[part]);
  return identity;
}
const file = (name: string): string => join(folder, name);
const files = { ca: file('authority.cert'), cert: file('server.cert'), key: file('server.key') };

/** Each function starts its backend and returns its TLS address. */
const secured = {
  async etcd(): Promise<{ readonly process: BackendProcess; readonly address: string }> {
    const { node, address } = await etcdNode({ tls: files });
    return { process: node, address };
  },
  async consul(): Promise<{ readonly process: BackendProcess; readonly address: string }> {
    const [port] = await freePorts(1);
    const certificates = `ca_file = "${files.ca}"\ncert_file = "${files.cert}"\nkey_file = "${files.key}"`;
    const { agent } = await consulAgent({
      config: `ports { https = ${port} }\n${certificates}\nverify_incoming_https = true`,
    });
    return { process: agent, address: `127.0.0.1:${port}` };
  },
};
const open = { etcd, consul };
const plainBackends = {
  async etcd(): Promise<{ readonly process: BackendProcess; readonly address: string }> {
    const { node, address } = await etcdNode();
    return { process: node, address };
  },
  async consul(): Promise<{ readonly process: BackendProcess; readonly address: string }> {
    const { agent, address } = await consulAgent();
    return { process: agent, address };
  },
};
const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 20_000 });

describe.each(['etcd', 'consul'] as const)('TLS with client certificates on %s', (name) => {
  const cleanUps: (() => unknown)[] = [];
  let backend: { readonly process: BackendProcess; readonly address: string };
  let tls: { readonly ca: string; readonly key: string; readonly cert: string };
  beforeAll(async () => {
    const authority = await issue('authority');
    await issue('server', authority);
    const client = await issue('client', authority);
    tls = { ca: authority.cert, ...client };
    backend = await secured[name]();
    await backend.process.start();
  }, 120_000);
  afterAll(() => backend.process.dispose());
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });
  const at = (
    address: string,
    own: { readonly ca?: string; readonly key?: string; readonly cert?: string } = tls,
  ): Registry => {
    const registry = open[name]({ addresses: [`https://${address}`], tls: own, closeTimeoutMs: 500 });
    cleanUps.push(() => registry.close());
    return registry;
  };

  it('a registry with client certificates registers, reads and watches, and goes on after the link was cut', async () => {
    const proxy = new TcpProxy(backend.address);
    await proxy.listen();
    cleanUps.push(() => proxy.close());
    const registry = at(proxy.address);
    const roll = new Roll(registry, 'safe');
    await registry.register({ name: 'safe', nodes: [{ id: 'n', address: '10.0.0.1:80' }] }, { ttlMs: 60_000 });
    expect(await addressesOf(registry, 'safe')).toEqual(['10.0.0.1:80']);
    await eventually(() => roll.addresses).toEqual(['10.0.0.1:80']);
    proxy.cut();
    await eventually(() => roll.synced).toBe(false);
    proxy.restore();
    await eventually(() => roll.synced).toBe(true);
    expect(roll.events.map(({ type }) => type)).not.toContain('delete');
  });

  it('a registry finds its certificates by the variables of the backend', async () => {
    const variables = {
      etcd: { ETCDCTL_CACERT: files.ca, ETCDCTL_CERT: file('client.cert'), ETCDCTL_KEY: file('client.key') },
      consul: {
        CONSUL_CACERT: files.ca,
        CONSUL_CLIENT_CERT: file('client.cert'),
        CONSUL_CLIENT_KEY: file('client.key'),
      },
    };
    const bin = fileURLToPath(new URL('../../../cli/bin/rollcall.js', import.meta.url));
    const args = [bin, 'list', '--json', '--registry', name, '--registry-address', `https://${backend.address}`];
    const list = (env: NodeJS.ProcessEnv) =>
      promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
    expect(JSON.parse((await list(variables[name])).stdout)).toBeInstanceOf(Array);
    const [missing = ''] = Object.keys(variables[name]);
    await expect(list({ [missing]: file('nowhere') })).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${missing}: ${file('nowhere')} cannot be read`),
    });
  });

  const names = {
    etcd: { ca: 'ETCDCTL_CACERT', cert: 'ETCDCTL_CERT' },
    consul: { ca: 'CONSUL_CACERT', cert: 'CONSUL_CLIENT_CERT' },
  }[name];
  const failure = (registry: Registry): Promise<{ readonly code: string; readonly message: string }> =>
    registry.init({ timeoutMs: 4_000 }).then(
      () => ({ code: 'none', message: '' }),
      (error) => error,
    );

  it('calls to a server with an untrusted certificate are UNAVAILABLE, and the message names the variable of the authority', async () => {
    const { cert: stranger } = await issue('stranger');
    for (const own of [
      { ...tls, ca: stranger },
      { key: tls.key, cert: tls.cert },
    ]) {
      const { code, message } = await failure(at(backend.address, own));
      expect([code, message]).toEqual(['UNAVAILABLE', expect.stringContaining(names.ca)]);
      expect(message).not.toMatch(/Resolution note|openssl/);
    }
  });

  it('a client whose certificate the server does not trust is told which variable names it', async () => {
    const stranger = await issue('stranger');
    for (const own of [{ ca: tls.ca }, { ...stranger, ca: tls.ca }]) {
      const { code, message } = await failure(at(backend.address, own));
      expect([code, message]).toEqual(['UNAVAILABLE', expect.stringContaining(names.cert)]);
      expect(message).not.toMatch(/Resolution note|openssl/);
    }
  });

  it('calls in plain HTTP to a TLS port are UNAVAILABLE, and the message names https', async () => {
    const registry = open[name]({ addresses: [`http://${backend.address}`], closeTimeoutMs: 500 });
    cleanUps.push(() => registry.close());
    const { code, message } = await failure(registry);
    expect([code, message]).toEqual(['UNAVAILABLE', expect.stringMatching(/https:\/\/.*_CACERT/)]);
  });

  it('calls over TLS to a port of plain HTTP are UNAVAILABLE, and the message names http', async () => {
    const plain = await plainBackends[name]();
    cleanUps.push(() => plain.process.dispose());
    await plain.process.start();
    const { code, message } = await failure(at(plain.address));
    expect([code, message]).toEqual(['UNAVAILABLE', expect.stringContaining('http://')]);
  });

  if (name === 'consul') {
    it('the certificate must be for the name that CONSUL_TLS_SERVER_NAME says', async () => {
      const named = (serverName: string): Registry => {
        const registry = consul({
          addresses: [`https://${backend.address}`],
          tls,
          env: { CONSUL_TLS_SERVER_NAME: serverName },
          closeTimeoutMs: 500,
        });
        cleanUps.push(() => registry.close());
        return registry;
      };
      await named('localhost').init();
      expect(await failure(named('other.example'))).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining('other.example'),
      });
    });
  }

  // Stderr stays empty: Node must not warn of an address that is an IP.
  it.each(leavings)('a program that used a TLS registry ends by itself: %s', (leaving) =>
    endsByItself(name, { addresses: [`https://${backend.address}`], tls }, leaving),
  );
});
