import type { Registry, WatchEvent } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BackendProcess, consulAgent, TcpProxy } from '../../../backends/src/index.ts';
import { consul } from '../src/index.ts';

let agent: BackendProcess;
let address = '';
let proxy: TcpProxy;
const cleanUps: (() => unknown)[] = [];

beforeAll(async () => {
  ({ agent, address } = await consulAgent());
  await agent.start();
}, 120_000);
afterAll(() => agent.dispose());
beforeEach(async () => {
  await agent.wipe();
  proxy = new TcpProxy(address);
  await proxy.listen();
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  await proxy.close();
});

const logger = () => ({ debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() });
/** Opens a registry at the agent itself or behind the proxy. */
function open(at: string, log = logger()): { readonly registry: Registry; readonly log: ReturnType<typeof logger> } {
  const registry = consul({ addresses: [at], logger: log });
  cleanUps.push(() => registry.close({ withdraw: false }));
  return { registry, log };
}

/** Consul's own HTTP API: the tests write by it as another program would, and check by it what Consul really holds. */
async function bare(path: string, body?: object): Promise<unknown> {
  const init = body === undefined ? {} : { method: 'PUT', body: JSON.stringify(body) };
  const response = await fetch(`http://${address}/v1${path}`, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
const put = (id: string, port = 80) =>
  bare('/agent/service/register', { ID: id, Name: 'fleet', Address: '10.0.0.1', Port: port });
const drop = (id: string) => bare(`/agent/service/deregister/${id}`, {});
const ids = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `n${from + index}`);
/** Writes one after the other, since Consul takes at most 200 connections from one client. */
async function each(names: readonly string[], write: (id: string) => Promise<unknown>): Promise<void> {
  for (const name of names) await write(name);
}
const putAll = (names: readonly string[], port?: number) => each(names, (id) => put(id, port));

/** The agent's name for its machine, which is part of the id of hand-written entries. */
const machine = () => `agent-${address.split(':')[1]}`;

interface Item {
  readonly Node: { readonly Node: string };
  readonly Service: { readonly ID: string; readonly Address: string; readonly Port: number };
}
/** `id@machine address:port` of every passing instance, with Consul's id. */
async function truth(): Promise<readonly string[]> {
  const items = (await bare('/health/service/fleet?passing')) as readonly Item[];
  return items.map(({ Node, Service }) => `${Service.ID}@${Node.Node} ${Service.Address}:${Service.Port}`).sort();
}

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
  const rows = () => [...state].map(([id, at]) => `${id} ${at}`).sort();
  const told = () => events.map(({ type }) => type);
  return { state, events, rows, synced: () => told().lastIndexOf('synced') > told().lastIndexOf('interrupted') };
}
const read = async (registry: Registry) =>
  (await registry.getService('fleet')).flatMap(({ nodes }) => nodes.map((node) => `${node.id} ${node.address}`)).sort();
const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 30_000 });

describe('other writers', () => {
  it('a watch hears of two hundred services that are written, changed and removed by hand', async () => {
    const { registry } = open(address);
    const { rows, synced } = follow(registry);
    await eventually(synced).toBe(true);
    await putAll(ids(200));
    await putAll(ids(50), 81);
    await eventually(rows).toEqual(await truth());
    expect(await read(registry)).toEqual(await truth());
    await each(ids(200), drop);
    await eventually(rows).toEqual([]);
    expect(await truth()).toEqual([]);
  });

  it('the next register writes a service again that was removed by hand', async () => {
    const { registry } = open(address);
    const service = { name: 'fleet', nodes: [{ id: 'n0', address: '10.0.0.1:80' }] };
    await registry.register(service, { ttlMs: 30_000 });
    const [row = ''] = await truth();
    await drop(row.split('@')[0] ?? '');
    await eventually(() => read(registry)).toEqual([]);
    await registry.register(service, { ttlMs: 30_000 });
    expect(await truth()).toEqual([row]);
    expect(await read(registry)).toEqual(['n0 10.0.0.1:80']);
  });

  it('an entry without an address to call is logged once and hides no other entry', async () => {
    await putAll(ids(1));
    await bare('/agent/service/register', { ID: 'queue', Name: 'fleet', Address: 'a queue', Port: 0 });
    const { registry, log } = open(address);
    for (let round = 0; round < 3; round += 1) expect(await read(registry)).toEqual([`n0@${machine()} 10.0.0.1:80`]);
    expect(log.warn.mock.calls.map(([fields]) => fields.key)).toEqual([`fleet/queue@${machine()}`]);
    expect(registry.skipped).toMatchObject({ count: 1, examples: [{ key: `fleet/queue@${machine()}` }] });
  });
});

describe('the link', () => {
  it('a watch whose link is cut again while it catches up loses no event', async () => {
    await putAll(ids(5));
    const { registry } = open(proxy.address);
    const { state, rows, synced } = follow(registry);
    await eventually(synced).toBe(true);
    for (let round = 1; round <= 5; round += 1) {
      proxy.cut();
      await putAll(ids(61, 100 * round));
      await drop(`n${round - 1}`);
      proxy.restore();
      // The next cut hits the watcher while it recovers: in some rounds before its new list, in others after it.
      if (round % 2 === 0) await eventually(() => state.has(`n${100 * round}@${machine()}`)).toBe(true);
    }
    const expected = await truth();
    await eventually(rows).toEqual(expected);
    await eventually(synced).toBe(true);
  }, 120_000);

  it('a link that swallows everything is noticed within 15 s, and calls work within 1.5 s of its end', async () => {
    await putAll(ids(1));
    const { registry } = open(proxy.address);
    const { events, rows, synced } = follow(registry);
    await eventually(synced).toBe(true);
    const from = performance.now();
    proxy.blackHole();
    await eventually(() => events.some(({ type }) => type === 'interrupted')).toBe(true);
    console.log(`noticed after ${((performance.now() - from) / 1_000).toFixed(1)} s (promised: 15)`);
    await expect(registry.getService('fleet', { timeoutMs: 500 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    await put('n1');
    proxy.restore();
    const restored = performance.now();
    await eventually(() => read(registry).catch(() => [])).toHaveLength(2);
    console.log(`back ${Math.round(performance.now() - restored)} ms after the link (promised: 1,500)`);
    await eventually(rows).toEqual(await truth());
  }, 90_000);

  it('a call with many nodes that is cut in the middle can be repeated', async () => {
    const { registry } = open(proxy.address);
    const nodes = ids(200).map((id) => ({ id, address: '10.0.0.1:80' }));
    const register = registry.register({ name: 'fleet', nodes }, { ttlMs: 60_000 });
    const cutOff = register.then(
      () => undefined,
      (error: unknown) => error,
    );
    await eventually(async () => (await truth()).length).toBeGreaterThan(0);
    proxy.cut();
    expect(await cutOff).toMatchObject({ code: 'UNAVAILABLE' });
    proxy.restore();
    await registry.register({ name: 'fleet', nodes }, { ttlMs: 60_000, timeoutMs: 20_000 });
    expect(await read(registry)).toHaveLength(200);
    expect(await truth()).toHaveLength(200);
  }, 60_000);

  it('a watch hears the difference after the agent half closed its connection', async () => {
    await putAll(ids(1));
    const { registry } = open(proxy.address);
    const { rows, synced } = follow(registry);
    await eventually(synced).toBe(true);
    proxy.halfClose();
    await put('n1');
    await eventually(rows).toEqual(await truth());
  });
});

describe('the agent restarts', () => {
  it('a watch hears new entries at once when its agent restarted empty between two queries of the watch', async () => {
    const [{ registry: owner }, { registry: reader }] = [open(address), open(address)];
    const { state, synced } = follow(reader);
    await eventually(synced).toBe(true);
    for (let round = 1; round <= 5; round += 1) {
      const register = (port: number) =>
        owner.register({ name: 'fleet', nodes: [{ id: 'n0', address: `10.0.0.1:${port}` }] });
      await register(100 + round);
      await eventually(() => state.get('n0')).toBe(`10.0.0.1:${100 + round}`);
      await agent.wipe();
      await register(200 + round);
      // A watcher that still uses the index of the old agent would get its next answer later than this.
      await expect.poll(() => state.get('n0'), { timeout: 8_000 }).toBe(`10.0.0.1:${200 + round}`);
    }
  }, 90_000);
});
