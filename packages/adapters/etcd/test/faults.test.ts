import type { Registry, WatchEvent } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BackendProcess, etcdNode, TcpProxy } from '../../../backends/src/index.ts';
import { etcd } from '../src/index.ts';

let node: BackendProcess;
let address = '';
let proxy: TcpProxy;
const cleanUps: (() => unknown)[] = [];

beforeAll(async () => {
  ({ node, address } = await etcdNode());
  await node.start();
}, 120_000);
afterAll(() => node.dispose());
beforeEach(async () => {
  await node.wipe();
  proxy = new TcpProxy(address);
  await proxy.listen();
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  await proxy.close();
});

const logger = () => ({ debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() });
/** Opens a registry at etcd itself or behind the proxy. */
function open(at: string, log = logger()): { readonly registry: Registry; readonly log: ReturnType<typeof logger> } {
  const registry = etcd({ addresses: [at], logger: log });
  cleanUps.push(() => registry.close({ withdraw: false }));
  return { registry, log };
}

/** etcd's own HTTP API: the tests write by it as another program would, and check by it what etcd really holds. */
const bare = async (path: string, body: object): Promise<Record<string, unknown>> => {
  const response = await fetch(`http://${address}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
};
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const prefix = '/micro/registry/fleet/';
const range = { key: base64(prefix), range_end: base64('/micro/registry/fleet0') };
const serviceOf = (id: string, port = 80): string =>
  JSON.stringify({ name: 'fleet', version: '1', nodes: [{ id, address: `10.0.0.1:${port}` }] });
const putOf = (id: string, port?: number) => ({ key: base64(`${prefix}${id}`), value: base64(serviceOf(id, port)) });
const ids = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `n${from + index}`);
const putAll = (names: readonly string[], port?: number) =>
  Promise.all(names.map((id) => bare('put', putOf(id, port))));

/** The nodes that a watcher of the fleet knows, and the events that it received. */
function follow(registry: Registry) {
  const state = new Map<string, string>();
  const events: WatchEvent[] = [];
  void (async () => {
    for await (const event of registry.watch({ name: 'fleet' })) {
      events.push(event);
      if (!('service' in event)) continue;
      for (const { id, address: at } of event.service.nodes) {
        if (event.type === 'delete') state.delete(id);
        else state.set(id, at);
      }
    }
  })();
  const synced = () => events.at(-1)?.type === 'synced';
  return { state, events, synced };
}

const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 20_000 });
async function truth(): Promise<readonly string[]> {
  const { kvs = [] } = (await bare('range', range)) as { readonly kvs?: readonly { readonly key: string }[] };
  return kvs.map(({ key }) => Buffer.from(key, 'base64').toString().slice(prefix.length)).sort();
}

describe('other writers', () => {
  it('a watch tells every change of a transaction of 128 puts and of one DeleteRange of 200 keys', async () => {
    await putAll(ids(72));
    const { registry } = open(address);
    const { state, synced } = follow(registry);
    await eventually(synced).toBe(true);
    await bare('txn', { success: ids(128, 72).map((id) => ({ request_put: putOf(id) })) });
    await eventually(() => state.size).toBe(200);
    expect([...state.keys()].sort()).toEqual(await truth());
    await bare('deleterange', range);
    await eventually(() => state.size).toBe(0);
    expect(await registry.getService('fleet')).toEqual([]);
  });

  it('after a key was deleted by hand, the next register writes it again', async () => {
    const { registry } = open(address);
    const service = { name: 'fleet', nodes: [{ id: 'n0', address: '10.0.0.1:80' }] };
    await registry.register(service, { ttlMs: 30_000 });
    await bare('deleterange', { key: base64(`${prefix}n0`) });
    expect(await registry.getService('fleet')).toEqual([]);
    await registry.register(service, { ttlMs: 30_000 });
    expect(await truth()).toEqual(['n0']);
  });

  it('a key that holds no service is logged once and hides no other key', async () => {
    await putAll(ids(1));
    await bare('put', { key: base64(`${prefix}junk`), value: base64('junk') });
    const { registry, log } = open(address);
    for (let read = 0; read < 3; read += 1) {
      expect(await registry.getService('fleet')).toMatchObject([{ nodes: [{ id: 'n0' }] }]);
    }
    expect(log.warn.mock.calls.map(([fields]) => fields.key)).toEqual([`${prefix}junk`]);
  });

  it('a service whose name is the beginning of another name is kept apart from it', async () => {
    const { registry } = open(address);
    for (const name of ['user', 'user-admin']) {
      await registry.register({ name, nodes: [{ id: `${name}-1`, address: '10.0.0.1:80' }] });
    }
    expect(await registry.getService('user')).toMatchObject([{ nodes: [{ id: 'user-1' }] }]);
  });
});

describe('the link', () => {
  it('a watch whose link is cut again while it catches up loses no event', async () => {
    await putAll(ids(5));
    const { registry } = open(proxy.address);
    const { state, synced } = follow(registry);
    await eventually(synced).toBe(true);
    for (let round = 1; round <= 5; round += 1) {
      proxy.cut();
      await putAll(ids(61, 100 * round));
      await bare('deleterange', { key: base64(`${prefix}n${round - 1}`) });
      proxy.restore();
      // The next cut hits the watcher while it recovers: in some rounds before its new list, in others after it.
      if (round % 2 === 0) await eventually(() => state.has(`n${100 * round}`)).toBe(true);
    }
    const expected = await truth();
    await eventually(() => [...state.keys()].sort()).toEqual(expected);
    await eventually(synced).toBe(true);
  });

  it('a watch hears the difference after a compaction during an outage', async () => {
    await putAll(ids(3));
    const { registry } = open(proxy.address);
    const { state, events, synced } = follow(registry);
    await eventually(synced).toBe(true);
    proxy.cut();
    await eventually(() => events.some(({ type }) => type === 'interrupted')).toBe(true);
    await putAll(['n0'], 81);
    await bare('deleterange', { key: base64(`${prefix}n1`) });
    const { header } = (await bare('range', range)) as { readonly header: { readonly revision: string } };
    await bare('compaction', { revision: header.revision, physical: true });
    proxy.restore();
    await eventually(() => [...state].sort()).toEqual([
      ['n0', '10.0.0.1:81'],
      ['n2', '10.0.0.1:80'],
    ]);
  });

  it('a registry still owns its node after a write that timed out at any moment', async () => {
    const { registry } = open(proxy.address);
    const register = (ttlMs: number, timeoutMs = 5_000) =>
      registry.register({ name: 'fleet', nodes: [{ id: 'n0', address: '10.0.0.1:80' }] }, { ttlMs, timeoutMs });
    await register(60_000);
    proxy.delay(10);
    // Each direction takes 10 ms, so these timeouts end the call before, between and after each of its requests.
    for (let timeoutMs = 5; timeoutMs <= 120; timeoutMs += 5) {
      await register(60_000 + 1_000 * timeoutMs, timeoutMs).catch(() => {});
      await register(600_000 + 1_000 * timeoutMs);
    }
    expect(await truth()).toEqual(['n0']);
  }, 60_000);

  it('a link that swallows everything is noticed within 15 s, and calls work within 1.5 s of its end', async () => {
    await putAll(ids(1));
    const { registry } = open(proxy.address);
    const { events, synced } = follow(registry);
    await eventually(synced).toBe(true);
    const from = performance.now();
    proxy.blackHole();
    await eventually(() => events.some(({ type }) => type === 'interrupted')).toBe(true);
    console.log(`noticed after ${((performance.now() - from) / 1_000).toFixed(1)} s (promised: 15)`);
    await expect(registry.getService('fleet', { timeoutMs: 500 })).rejects.toMatchObject({ name: 'RegistryError' });
    proxy.restore();
    const restored = performance.now();
    await eventually(() =>
      registry.getService('fleet').then(
        (found) => found.length,
        () => 0,
      ),
    ).toBe(1);
    console.log(`back ${Math.round(performance.now() - restored)} ms after the link (promised: 1,500)`);
    await eventually(synced).toBe(true);
  }, 60_000);
});
