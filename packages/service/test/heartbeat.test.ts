import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { WatchEvent } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { discovery } from '../../adapters/discovery/src/index.ts';
import { memory } from '../../adapters/memory/src/index.ts';
import { TcpProxy } from '../../backends/src/index.ts';
import { createService } from '../src/index.ts';

const bin = fileURLToPath(new URL('../../cli/bin/rollcall.js', import.meta.url));
const program = fileURLToPath(new URL('./heartbeat-program.js', import.meta.url));
const waiting = { timeout: 20_000, interval: 20 };

let server: ChildProcess;
let address = '';
beforeAll(async () => {
  const args = [bin, 'serve', '--port', '0', '--json', '--no-warm-up', '--protection', 'off'];
  server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(server.stdout!), 'line')) as [string];
  address = new URL((JSON.parse(line) as { url: string }).url).host;
});
afterAll(() => server.kill('SIGKILL'));
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  vi.unstubAllEnvs();
});

interface Told {
  readonly event?: string;
  readonly line?: string;
  readonly stalledMs?: number;
  readonly heldByWorker?: boolean;
  /** The status of the view of the program's own client. */
  readonly status?: string;
}

/**
 * Starts the program in a process of its own; returns the messages of the program, and the events that another
 * process's watcher gets.
 */
const start = (...args: string[]) => startBy(address, ...args);

/** `link`: the address by which the program reaches the server. */
async function startBy(link: string, ...args: string[]) {
  const registry = discovery({ addresses: [address] });
  const events: WatchEvent[] = [];
  const watching = (async () => {
    for await (const event of registry.watch({ name: 'beating' })) events.push(event);
  })();
  const child = fork(program, [link, ...args], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  cleanUps.push(async () => {
    child.kill('SIGKILL');
    await registry.close();
    await watching;
  });
  // The test listens from the start, because the program may end before the test waits for its end.
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const told: Told[] = [];
  child.on('message', (message) => told.push(message as Told));
  const types = () => events.map(({ type }) => type);
  await vi.waitFor(() => expect(types()).toContain('create'), waiting);
  return { child, ended, told, types, registry };
}

describe("heartbeat: 'worker'", () => {
  it('a heartbeat worker keeps a service registered while its main loop is blocked for three TTLs, and tells the stall', async () => {
    const { child, ended, told, types } = await start();
    child.send({ block: 3_000 });
    await vi.waitFor(() => expect(told.some(({ event }) => event === 'stalled')).toBe(true), waiting);
    const { stalledMs = 0, heldByWorker } = told.find(({ event }) => event === 'stalled') ?? {};
    expect(stalledMs).toBeGreaterThan(2_000);
    expect(heldByWorker).toBe(true);
    expect(types()).not.toContain('delete');
    expect(told.filter(({ event }) => event === 'unregistered')).toEqual([]);
    child.send({ stop: true });
    await vi.waitFor(() => expect(types()).toContain('delete'), waiting);
    expect(await ended).toBe(0);
  }, 60_000);

  it('a heartbeat worker stops renewing for a main loop that is blocked beyond maxStallMs, and registers again when the loop runs', async () => {
    const { child, told, types } = await start();
    child.send({ block: 8_000 });
    await vi.waitFor(() => expect(types()).toContain('delete'), waiting);
    expect(told.filter(({ event }) => event === 'stalled')).toEqual([]);
    await vi.waitFor(() => expect(types().filter((type) => type === 'create')).toHaveLength(2), waiting);
    await vi.waitFor(() => expect(told.some(({ heldByWorker }) => heldByWorker === false)).toBe(true), waiting);
    await vi.waitFor(() => expect(told.some(({ event }) => event === 'unregistered')).toBe(true), waiting);
  }, 60_000);

  it('the main loop takes over without a gap when the heartbeat worker dies, and says so', async () => {
    // The TTL is long enough for the main loop to take over before it ends, even on a busy machine.
    vi.stubEnv('TTL_MS', '12000');
    const { child, ended, told, types, registry } = await start();
    child.send({ kill: true });
    const line = /the main loop renews from now on, because the heartbeat worker ended/;
    await vi.waitFor(() => expect(told.some((message) => line.test(message.line ?? ''))).toBe(true), waiting);
    const registered = () => told.filter(({ event }) => event === 'registered').length;
    await vi.waitFor(() => expect(registered()).toBeGreaterThanOrEqual(1), waiting);
    // The main loop renews for longer than the TTL.
    const until = Date.now() + 13_000;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(until), waiting);
    expect(types()).not.toContain('delete');
    child.send({ stop: true });
    await ended;
    expect(await registry.getService('beating')).toEqual([]);
  }, 60_000);

  it('the main loop takes over from a heartbeat worker whose backend hangs, waits for the backend, and has no conflict with the worker', async () => {
    const link = new TcpProxy(address);
    await link.listen();
    cleanUps.push(() => link.close());
    const { child, ended, told, types, registry } = await startBy(link.address);
    link.blackHole();
    const line = /the main loop renews from now on, because the heartbeat worker's connection to the registry hangs/;
    await vi.waitFor(() => expect(told.some((message) => line.test(message.line ?? ''))).toBe(true), waiting);
    await vi.waitFor(() => expect(types().at(-1)).toBe('delete'), waiting);
    const at = told.length;
    const until = Date.now() + 2_500;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(until), waiting);
    // The main loop's own call hangs as well, so the runtime must not say that the service is registered.
    expect(told.slice(at).filter(({ event }) => event === 'registered')).toEqual([]);
    expect(told.filter(({ event }) => event === 'unregistered')).toHaveLength(1);
    link.restore();
    await vi.waitFor(() => expect(told.slice(at).some(({ event }) => event === 'registered')).toBe(true), waiting);
    await vi.waitFor(() => expect(types().at(-1)).toBe('create'), waiting);
    const creations = () => types().filter((type) => type === 'create').length;
    const later = Date.now() + 3_000;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(later), waiting);
    // On a slow machine a heartbeat may come late, which watchers hear as an update.
    expect([types().findLast((type) => type !== 'update'), creations()]).toEqual(['create', 2]);
    expect(told.filter(({ event }) => event === 'conflict')).toEqual([]);
    child.send({ stop: true });
    expect(await ended).toBe(0);
    expect(await registry.getService('beating')).toEqual([]);
  }, 90_000);

  it('the main loop takes over from a heartbeat worker whose server was stopped, without a conflict with its earlier renewals', async () => {
    const { child, ended, told, registry } = await start();
    const registered = () => told.filter(({ event }) => event === 'registered').length;
    await vi.waitFor(() => expect(registered()).toBe(1), waiting);
    server.kill('SIGSTOP');
    cleanUps.push(() => server.kill('SIGCONT'));
    const line = /the main loop renews from now on, because the heartbeat worker's connection to the registry hangs/;
    await vi.waitFor(() => expect(told.some((message) => line.test(message.line ?? ''))).toBe(true), waiting);
    server.kill('SIGCONT');
    await vi.waitFor(() => expect(registered()).toBe(2), waiting);
    const later = Date.now() + 2_500;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(later), waiting);
    expect(await registry.getService('beating')).toMatchObject([{ nodes: [{ id: 'b1' }] }]);
    expect(told.filter(({ event }) => event === 'conflict')).toEqual([]);
    expect(registered()).toBe(2);
    child.send({ stop: true });
    expect(await ended).toBe(0);
    expect(await registry.getService('beating')).toEqual([]);
  }, 90_000);

  it('a process that was suspended beyond its TTL registers anew, and its clients know that their view is old', async () => {
    const { child, ended, told, types } = await start();
    await vi.waitFor(() => expect(told.some(({ status }) => status === 'live')).toBe(true), waiting);
    child.kill('SIGSTOP');
    cleanUps.push(() => child.kill('SIGCONT'));
    await vi.waitFor(() => expect(types()).toContain('delete'), waiting);
    // The pause is longer than two TTLs, and longer than a watch may be silent.
    const until = Date.now() + 6_000;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(until), waiting);
    const at = told.length;
    child.kill('SIGCONT');
    await vi.waitFor(() => expect(types().filter((type) => type === 'create')).toHaveLength(2), waiting);
    const since = () => told.slice(at);
    await vi.waitFor(() => expect(since().some(({ event }) => event === 'unregistered')).toBe(true), waiting);
    await vi.waitFor(() => expect(since().some(({ event }) => event === 'registered')).toBe(true), waiting);
    await vi.waitFor(() => expect(since().some(({ event }) => event === 'stalled')).toBe(true), waiting);
    // Between `stale` and `live` the view may be `holding`, with nodes that the registry no longer lists.
    const statuses = () => since().flatMap(({ status }) => status ?? []);
    await vi.waitFor(() => expect(statuses().at(-1)).toBe('live'), waiting);
    expect(statuses()[0]).toBe('stale');
    child.send({ stop: true });
    expect(await ended).toBe(0);
  }, 60_000);

  it('after a suspension of the whole process, the runtime does not say that its worker held the service', async () => {
    const { child, told, types } = await start();
    child.kill('SIGSTOP');
    cleanUps.push(() => child.kill('SIGCONT'));
    await vi.waitFor(() => expect(types()).toContain('delete'), waiting);
    // The pause is longer than the TTL and than a stall that is noticed, but shorter than maxStallMs.
    const until = Date.now() + 1_000;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(until), waiting);
    child.kill('SIGCONT');
    await vi.waitFor(() => expect(told.some(({ event }) => event === 'stalled')).toBe(true), waiting);
    expect(told.find(({ event }) => event === 'stalled')?.heldByWorker).toBe(false);
  }, 60_000);

  it('a heartbeat worker deregisters while registerCheck fails in the main thread', async () => {
    const { child, types } = await start('check');
    child.send({ healthy: false });
    await vi.waitFor(() => expect(types()).toContain('delete'), waiting);
    child.send({ healthy: true });
    await vi.waitFor(() => expect(types().filter((type) => type === 'create')).toHaveLength(2), waiting);
  }, 60_000);

  it("createService refuses heartbeat 'worker' on a registry that a worker cannot make again", async () => {
    const registry = memory();
    const service = createService({ name: 'beating', advertise: 'h:1', registry, heartbeat: 'worker' });
    await expect(service.start()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: /a worker cannot make the memory/,
    });
    await service.stop();
    await registry.close();
    const options = { name: 'beating', advertise: 'h:1', maxStallMs: 10, renewIntervalMs: 100, ttlMs: 300 };
    expect(() => createService(options)).toThrow(/maxStallMs \(10\) must be at least renewIntervalMs \(100\)/);
  });
});
