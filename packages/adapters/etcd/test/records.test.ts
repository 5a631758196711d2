import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Finding } from '@rollcall/core/adapter';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type BackendProcess, etcdNode, freePorts } from '../../../backends/src/index.ts';
import { Roll } from '../../../backends/test/both/roll.ts';
import { adapter, etcd } from '../src/index.ts';

let node: BackendProcess;
let address = '';
const cleanUps: (() => unknown)[] = [];
beforeAll(async () => {
  ({ node, address } = await etcdNode());
  await node.start();
}, 120_000);
afterAll(() => node.dispose());
beforeEach(() => node.wipe());
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
async function put(key: string, value: string): Promise<void> {
  const body = JSON.stringify({ key: base64(`/micro/registry/${key}`), value: base64(value) });
  const response = await fetch(`http://${address}/v3/kv/put`, { method: 'POST', body });
  if (!response.ok) throw new Error(await response.text());
}
const record = (name: string, id: string, bytes: number): string =>
  JSON.stringify({
    name,
    version: '1',
    endpoints: [{ name: 'E', metadata: { note: 'x'.repeat(bytes) } }],
    nodes: [{ id, address: '10.0.0.1:80' }],
  });

it('records that fill more than one answer are read, listed and watched, whatever their size', async () => {
  // Each record has 250 KB: 500 of them would be 125 MB, and 100 are already more than one answer may hold.
  for (let from = 0; from < 120; from += 10)
    await Promise.all(
      Array.from({ length: 10 }, (_, at) => put(`big/n${from + at}`, record('big', `n${from + at}`, 250_000))),
    );
  for (let index = 0; index < 600; index += 1) await put(`small/n${index}`, record('small', `n${index}`, 10));
  const registry = etcd({ addresses: [address], timeoutMs: 20_000 });
  cleanUps.push(() => registry.close());
  expect((await registry.getService('big'))[0]?.nodes).toHaveLength(120);
  expect((await registry.getService('small'))[0]?.nodes).toHaveLength(600);
  expect((await registry.listServices()).map(({ name }) => name)).toEqual(['big', 'small']);
  const roll = new Roll(registry, 'big');
  await expect.poll(() => roll.synced, { timeout: 20_000 }).toBe(true);
  expect(roll.events).toHaveLength(121);
}, 120_000);

it('a watch tells every delete of a DeleteRange that is too large for one answer, without an interruption', async () => {
  for (let from = 0; from < 100; from += 10)
    await Promise.all(
      Array.from({ length: 10 }, (_, at) => put(`big/n${from + at}`, record('big', `n${from + at}`, 250_000))),
    );
  const registry = etcd({ addresses: [address] });
  cleanUps.push(() => registry.close());
  const roll = new Roll(registry, 'big');
  await expect.poll(() => roll.addresses.length, { timeout: 20_000 }).toBe(100);
  await expect.poll(() => roll.synced, { timeout: 20_000 }).toBe(true);
  const [key, range_end] = ['/micro/registry/big/', '/micro/registry/big0'].map(base64);
  const body = JSON.stringify({ key, range_end });
  await fetch(`http://${address}/v3/kv/deleterange`, { method: 'POST', body });
  await expect.poll(() => roll.addresses.length, { timeout: 20_000 }).toBe(0);
  expect(roll.events.map(({ type }) => type)).not.toContain('interrupted');
}, 120_000);

it('the registry and doctor count and name the keys that hold no service', async () => {
  await put('good/n1', record('good', 'n1', 1));
  await put('stray/note', 'written by hand');
  await put('stray/nowhere', JSON.stringify({ name: 'stray', nodes: [{ id: 'n', address: 'a queue' }] }));
  const registry = etcd({ addresses: [address] });
  cleanUps.push(() => registry.close());
  for (let read = 0; read < 2; read += 1) await registry.listServices();
  expect(registry.skipped?.count).toBe(2);
  const findings: Finding[] = [];
  for await (const finding of adapter.diagnose?.({ addresses: [address] }, {}) ?? []) findings.push(finding);
  expect(findings.map(({ level }) => level)).toEqual(['ok', 'ok', 'warning']);
  expect(findings[1]?.what).toContain('registered services: 1');
  expect(findings[2]?.what).toMatch(/skipped 2 .*stray\/note.*stray\/nowhere|skipped 2 .*stray\/nowhere.*stray\/note/);
});

it('doctor says what to do where no etcd answers', async () => {
  const findings: Finding[] = [];
  for await (const finding of adapter.diagnose?.({ addresses: ['127.0.0.1:1'] }, {}) ?? []) findings.push(finding);
  expect(findings).toMatchObject([{ level: 'problem', remedy: expect.stringContaining('--registry-address') }]);
});

it('an etcd on loopback is reached directly, although the environment names a proxy', async () => {
  const [closed] = await freePorts(1);
  process.env.http_proxy = `http://127.0.0.1:${closed}`;
  cleanUps.push(() => {
    delete process.env.http_proxy;
  });
  for (const host of ['127.0.0.1', 'localhost']) {
    const registry = etcd({ addresses: [`${host}:${address.split(':')[1]}`] });
    cleanUps.push(() => registry.close());
    await registry.init();
  }
});

it('a message names a program that speaks HTTP/2 and is not etcd, and the call goes to another address', async () => {
  const other = createServer((incoming, outgoing) => {
    incoming.resume();
    outgoing.writeHead(404, { 'content-type': 'text/html' }).end('<h1>not here</h1>');
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  cleanUps.push(() => other.close());
  const at = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const open = (addresses: readonly string[]) => {
    const registry = etcd({ addresses });
    cleanUps.push(() => registry.close());
    return registry;
  };
  await expect(open([at]).init()).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('no etcd answered'),
  });
  const registry = open([at, address]);
  await registry.register({ name: 'web', nodes: [{ id: 'n', address: '10.0.0.1:80' }] }, { ttlMs: 60_000 });
  expect((await registry.getService('web'))[0]?.nodes).toHaveLength(1);
});
