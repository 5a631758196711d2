import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

const server = new ServerProcess();
beforeAll(() => server.start());
afterAll(() => server.kill());
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const logger = () => ({ debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() });

function open(address: string, log = logger()) {
  const registry = discovery({ addresses: [address], logger: log });
  cleanUps.push(() => registry.close({ withdraw: false }));
  return { registry, log };
}

const foreign = (over: object) => ({ env: 'default', appid: 'theirs', hostname: 'h', addrs: ['10.0.0.1:80'], ...over });

describe('what others wrote', () => {
  it('entries of other clients are read as tolerantly as possible, and an unusable one is logged once', async () => {
    const instances = [
      foreign({ hostname: 'url', addrs: ['nonsense', 'grpc://10.0.0.1:80/path'], metadata: { a: '1' } }),
      foreign({ hostname: 'junk', addrs: ['nonsense'] }),
      foreign({ hostname: 'out', status: 2 }),
    ];
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify({ instances }) };
    expect((await fetch(`http://${server.address}/api/register`, init)).status).toBe(200);
    const { registry, log } = open(server.address);
    const expected = [{ name: 'theirs', nodes: [{ id: 'url', address: '10.0.0.1:80', metadata: { a: '1' } }] }];
    for (let read = 0; read < 3; read += 1) expect(await registry.getService('theirs')).toMatchObject(expected);
    const watcher = registry.watch({ name: 'theirs' });
    expect((await watcher.next()).value).toMatchObject({ type: 'create', service: { nodes: [{ id: 'url' }] } });
    expect((await watcher.next()).value).toMatchObject({ type: 'synced' });
    expect(log.warn.mock.calls).toEqual([
      [
        { key: 'theirs/junk', reason: 'no usable address' },
        'skipped the entry theirs/junk of another program, which cannot be used: no usable address',
      ],
    ]);
  });

  it('a service whose only node cannot be used is on no list; a read of it counts and names the node as skipped', async () => {
    const env = 'unusable';
    const instances = [foreign({ env, appid: 'good' }), foreign({ env, appid: 'lost', addrs: ['nonsense'] })];
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify({ instances }) };
    await fetch(`http://${server.address}/api/register`, init);
    const registry = discovery({ addresses: [server.address], namespace: env });
    cleanUps.push(() => registry.close());
    expect(await registry.listServices()).toEqual([{ name: 'good', versions: [''] }]);
    expect(await registry.getService('lost')).toEqual([]);
    const { count, examples } = registry.skipped ?? { count: 0, examples: [] };
    expect(count).toBe(examples.length);
    expect(examples).toContainEqual({ key: 'lost/h', reason: 'no usable address' });
  });

  it.each([
    [
      '{"data":{"services":[],"instances":[null,7,[],{"appid":"a"},{"appid":"theirs","hostname":"h","addrs":["h:1"],"endpoints":[null,{}]}]}}',
      1,
    ],
    ['{"data":{"instances":"x"}}', 'error'],
    ['{"data":null}', 'error'],
    ['[]', 'error'],
    ['{', 'error'],
    ['', 'error'],
    ['<html>another server</html>', 'error'],
  ])('an answer %j of a foreign server ends in nodes or in an error', async (body, expected) => {
    const stranger = createServer((_request, response) => response.end(body)).listen(0, '127.0.0.1');
    cleanUps.push(() => stranger.close());
    await once(stranger, 'listening');
    const { registry } = open(`127.0.0.1:${(stranger.address() as AddressInfo).port}`);
    const found = await registry.getService('theirs', { timeoutMs: 3_000 }).then(
      (services) => services.flatMap(({ nodes }) => nodes).length,
      ({ code }: { readonly code: string }) => (['UNAVAILABLE', 'INTERNAL'].includes(code) ? 'error' : code),
    );
    expect(found).toBe(expected);
    if (expected === 'error') await expect(registry.init()).rejects.toMatchObject({ code: expect.any(String) });
  });
});
