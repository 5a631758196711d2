import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { WatchEvent } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { discovery } from '../../adapters/discovery/src/index.ts';
import { memory } from '../../adapters/memory/src/index.ts';
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
});

interface Told {
  readonly event?: string;
  readonly line?: string;
  readonly stalledMs?: number;
  readonly heldByWorker?: boolean;
}

/** The program in a process of its own, what it tells, and what a watcher elsewhere is told of it. */
async function start(...args: string[]) {
  const registry = discovery({ addresses: [address] });
  const events: WatchEvent[] = [];
  const watching = (async () => {
    for await (const event of registry.watch({ name: 'beating' })) events.push(event);
  })();
  const child = fork(program, [address, ...args], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  cleanUps.push(async () => {
    child.kill('SIGKILL');
    await registry.close();
    await watching;
  });
  // Listened for from the start: a program may have ended before a test waits for it.
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
    const { child, ended, told, types, registry } = await start();
    child.send({ kill: true });
    const line = /the main loop renews from now on, because its worker ended/;
    await vi.waitFor(() => expect(told.some((message) => line.test(message.line ?? ''))).toBe(true), waiting);
    const registered = () => told.filter(({ event }) => event === 'registered').length;
    await vi.waitFor(() => expect(registered()).toBeGreaterThanOrEqual(1), waiting);
    // Renewed by the main loop for longer than the TTL.
    const until = Date.now() + 2_500;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(until), waiting);
    expect(types()).not.toContain('delete');
    child.send({ stop: true });
    await ended;
    expect(await registry.getService('beating')).toEqual([]);
  }, 60_000);

  it('a heartbeat worker deregisters while registerCheck fails in the main thread', async () => {
    const { child, types } = await start('check');
    child.send({ healthy: false });
    await vi.waitFor(() => expect(types()).toContain('delete'), waiting);
    child.send({ healthy: true });
    await vi.waitFor(() => expect(types().filter((type) => type === 'create')).toHaveLength(2), waiting);
  }, 60_000);

  it('heartbeat: worker is refused on a registry that a worker cannot make again', async () => {
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
