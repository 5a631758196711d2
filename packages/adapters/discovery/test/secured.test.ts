/** A server with tokens, TLS and lease secrets, and what its clients do when these change while they run. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Registry, RegistryOptions, WatchEvent } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type DiscoveryServer, type ServerOptions } from '../../../server/src/index.ts';
import { Authority } from '../../../server/test/access/certificates.ts';
import { TokensFile } from '../../../server/test/access/tokens.ts';
import { type DiscoveryOptions, discovery } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-secured-'));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serve(options: ServerOptions): Promise<{ server: DiscoveryServer; url: string }> {
  const server = createServer({ port: 0, warmUpMs: 0, protection: 'off', ...options });
  cleanUps.push(() => server.close());
  const { url } = await server.listen();
  return { server, url };
}

function open(url: string, options: DiscoveryOptions & RegistryOptions = {}): Registry {
  const registry = discovery({ addresses: [url], ...options });
  cleanUps.push(() => registry.close({ withdraw: false }));
  return registry;
}

const web = (id = 'n') => ({ name: 'web', nodes: [{ id, address: '10.0.0.1:80' }] });
const failure = (call: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> =>
  call.then(
    () => ({ code: 'done', message: '' }),
    (error) => error,
  );

/** Opens a watch and collects all its events. */
function told(registry: Registry): WatchEvent[] {
  const events: WatchEvent[] = [];
  const watcher = registry.watch({ name: 'web' });
  cleanUps.push(() => watcher.return());
  void (async () => {
    for await (const event of watcher) events.push(event);
  })();
  return events;
}
const types = (events: readonly WatchEvent[]): string[] => events.map(({ type }) => type);

describe('a registry on a server with tokens', () => {
  const tokens = new TokensFile();
  afterAll(() => tokens[Symbol.dispose]());

  it('calls are UNAUTHORIZED without a token and with a token of another server, and the message does not repeat the token', async () => {
    tokens.add('web', { role: 'write' });
    const { url } = await serve({ tokensFile: tokens.path });
    for (const token of [undefined, 'some-other-token']) {
      const { code, message } = await failure(open(url, { token }).init());
      expect([code, message]).toEqual(['UNAUTHORIZED', expect.stringContaining('Authorization: Bearer')]);
      expect(message).not.toContain('some-other-token');
    }
  });

  it('a refused call says which right its token lacks', async () => {
    const token = tokens.add('reader', { role: 'read', envs: ['default'], services: ['api-*', 'web'] });
    const { url } = await serve({ tokensFile: tokens.path });
    const registry = open(url, { token });
    expect(await registry.getService('web')).toEqual([]);
    expect(await failure(registry.register(web(), { ttlMs: 5_000 }))).toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('the token reader may not write'),
    });
  });

  it('a registry reads its token file again when the server answers 401, and calls and watches go on', async () => {
    const tokenFile = file('token', tokens.add('old', { role: 'write' }));
    const { server, url } = await serve({ tokensFile: tokens.path });
    const registry = open(url, { tokenFile });
    await registry.register(web(), { ttlMs: 30_000 });
    const events = told(registry);
    await expect.poll(() => types(events)).toEqual(['create', 'synced']);
    file('token', `${tokens.add('new', { role: 'write' })}\n`);
    tokens.remove('old');
    await server.reload();
    // The server cuts the watch of the removed token.
    await expect.poll(() => types(events).slice(2), { timeout: 10_000 }).toEqual(['interrupted', 'synced']);
    await registry.register(web(), { ttlMs: 30_000 });
    expect((await registry.getService('web')).length).toBe(1);
    expect(types(events)).not.toContain('delete');
  });

  it('calls stay UNAUTHORIZED while the token file holds no token that the server knows, and work as soon as it does', async () => {
    const tokenFile = file('late-token', 'not-yet');
    const { server, url } = await serve({ tokensFile: tokens.path });
    const registry = open(url, { tokenFile });
    const events = told(registry);
    await expect.poll(() => events[0]).toMatchObject({ type: 'interrupted', error: { code: 'UNAUTHORIZED' } });
    expect((await failure(registry.listServices())).code).toBe('UNAUTHORIZED');
    rmSync(tokenFile);
    expect((await failure(registry.listServices())).code).toBe('UNAUTHORIZED');
    file('late-token', tokens.add('late', { role: 'read' }));
    await server.reload();
    await expect.poll(() => types(events), { timeout: 10_000 }).toContain('synced');
    expect(await registry.listServices()).toEqual([]);
  });

  it('a registry follows no redirect, since a redirect would take its token to another host', async () => {
    const seen: unknown[] = [];
    const other = createHttpServer((request, answer) => {
      seen.push(request.headers.authorization);
      answer.end('{}');
    }).listen(0, '127.0.0.1');
    const redirecting = createHttpServer((_, answer) => {
      answer.writeHead(307, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/` }).end();
    }).listen(0, '127.0.0.1');
    cleanUps.push(() => [other, redirecting].map((server) => server.close()));
    await expect.poll(() => redirecting.address()).not.toBeNull();
    const registry = open(`http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`, { token: 'secret' });
    expect((await failure(registry.listServices())).code).toBe('UNAVAILABLE');
    expect(seen).toEqual([]);
  });
});

describe('a registry on a server with TLS', () => {
  let ours: Authority;
  let next: Authority;
  beforeAll(async () => {
    [ours, next] = await Promise.all([Authority.make('ours'), Authority.make('next')]);
  });

  async function secured(): Promise<{
    server: DiscoveryServer;
    url: string;
    tlsFiles: { ca: string; cert: string; key: string };
  }> {
    const [server, client] = await Promise.all([ours.sign('server'), ours.sign('client')]);
    const started = await serve({
      tlsCert: file('server.pem', server.cert),
      tlsKey: file('server.key', server.key),
      tlsClientCa: file('clients.pem', ours.cert),
    });
    const tlsFiles = {
      ca: file('ca.pem', ours.cert),
      cert: file('client.pem', client.cert),
      key: file('client.key', client.key),
    };
    return { ...started, tlsFiles };
  }

  it('a registry takes its client certificate and authority from files; without them, the message names the option', async () => {
    const { url, tlsFiles } = await secured();
    const registry = open(url, { tlsFiles });
    await registry.register(web(), { ttlMs: 30_000 });
    await expect.poll(() => registry.getService('web')).toHaveLength(1);
    const events = told(registry);
    await expect.poll(() => types(events)).toEqual(['create', 'synced']);
    expect(await failure(open(url, { tlsFiles: { ca: tlsFiles.ca } }).init())).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('--registry-cert'),
    });
    expect(await failure(open(url).init())).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('--registry-ca'),
    });
  });

  it('a registry goes on while the authorities of both sides change and their files are replaced', async () => {
    const { server, url, tlsFiles } = await secured();
    const registry = open(url, { tlsFiles });
    await registry.register(web(), { ttlMs: 30_000 });
    const events = told(registry);
    await expect.poll(() => types(events)).toEqual(['create', 'synced']);
    const [renewed, client] = await Promise.all([next.sign('server'), next.sign('client')]);
    file('ca.pem', next.cert);
    file('client.pem', client.cert);
    file('client.key', client.key);
    file('server.pem', renewed.cert);
    file('server.key', renewed.key);
    file('clients.pem', next.cert);
    await server.reload();
    await expect.poll(() => types(events).slice(2), { timeout: 10_000 }).toEqual(['interrupted', 'synced']);
    for (let round = 0; round < 3; round += 1) await registry.register(web(), { ttlMs: 30_000 });
    expect((await registry.getService('web')).length).toBe(1);
  });

  it('a registry refuses a server whose certificate is for another name, though its authority is right', async () => {
    const elsewhere = await ours.sign('elsewhere', { names: ['elsewhere.example'], only: true });
    const { url } = await serve({ tlsCert: file('e.pem', elsewhere.cert), tlsKey: file('e.key', elsewhere.key) });
    expect(
      await failure(open(url, { token: 'secret', tlsFiles: { ca: file('ca.pem', ours.cert) } }).init()),
    ).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/does not match certificate|not in the cert's list/),
    });
  });

  it.each([
    [{ ca: '' }, /tlsFiles.ca must be the path of a file/],
    [{ cert: 'x' }, /tlsFiles.cert and tlsFiles.key must be given together/],
  ])('discovery() refuses the certificate files %j', (tlsFiles, message) => {
    expect(() => discovery({ tlsFiles })).toThrow(message);
  });

  it('the error names a certificate file that cannot be read or holds no certificate', async () => {
    const { url } = await secured();
    expect((await failure(open(url, { tlsFiles: { ca: join(folder, 'none.pem') } }).init())).message).toMatch(
      /ENOENT.*none\.pem/,
    );
    expect((await failure(open(url, { tlsFiles: { ca: file('no.pem', 'x') } }).init())).message).toMatch(
      /no PEM certificate/,
    );
  });
});

describe('a registry on a server with lease secrets', () => {
  it('a registry on a server with lease secrets renews, changes, deregisters and withdraws its own nodes', async () => {
    const { url } = await serve({ leaseSecrets: true });
    const registry = open(url);
    const reader = open(url);
    await registry.register(web('a'), { ttlMs: 1_000 });
    await registry.register(web('b'), { ttlMs: 30_000 });
    await registry.register(web('c'));
    const events = told(reader);
    await expect.poll(() => types(events)).toEqual(['create', 'create', 'create', 'synced']);
    // The services renew through several TTLs, and watchers are told nothing.
    const until = performance.now() + 2_500;
    while (performance.now() < until) {
      for (const id of ['a', 'c']) await registry.register(web(id), id === 'a' ? { ttlMs: 1_000 } : {});
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await registry.deregister(web('a'));
    await registry.close();
    await expect.poll(() => types(events).slice(4)).toEqual(['delete', 'delete', 'delete']);
  });

  it('with lease secrets, deregister refuses a node of another holder, which stays, and accepts an unknown id', async () => {
    const { url } = await serve({ leaseSecrets: true });
    const [owner, other] = [open(url), open(url)];
    await owner.register(web(), { ttlMs: 30_000 });
    expect(await failure(other.deregister(web()))).toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('secret of its lease'),
    });
    await other.deregister(web('unknown'));
    expect((await owner.getService('web')).length).toBe(1);
  });

  it('with lease secrets, deregister writes one cancel into the audit log for its own nodes, and a second for unknown nodes', async () => {
    const auditLog = file('audit.log', '');
    const { server, url } = await serve({ leaseSecrets: true, auditLog });
    const registry = open(url);
    await registry.register(web(), { ttlMs: 30_000 });
    await registry.deregister(web());
    await registry.register(web(), { ttlMs: 30_000 });
    await registry.deregister({ name: 'web', nodes: [{ id: 'n' }, { id: 'unknown' }] });
    await server.close();
    const lines = readFileSync(auditLog, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Audited);
    const cancels = lines.filter(({ action }) => action === 'cancel').map(({ id, result }) => `${id} ${result}`);
    expect(cancels).toEqual(['n done', 'n done', 'unknown refused']);
  });
});

interface Audited {
  readonly action: string;
  readonly id: string;
  readonly result: string;
}
