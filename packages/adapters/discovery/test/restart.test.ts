import type { Registry, WatchEvent } from '@rollcall/core';
import { afterEach, describe, expect, it } from 'vitest';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 25_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come to hold within 25 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function serve(...args: string[]): Promise<ServerProcess> {
  const server = new ServerProcess(args);
  await server.start();
  cleanUps.push(() => server.kill());
  return server;
}

function open(server: ServerProcess): Registry {
  const registry = discovery({ addresses: [server.address] });
  cleanUps.push(() => registry.close({ withdraw: false }));
  return registry;
}

/** Registers now and every 2 s, whatever happens. */
async function keep(registry: Registry, id: string): Promise<void> {
  const register = () =>
    registry.register(
      { name: 'fleet', nodes: [{ id, address: '10.0.0.1:80' }] },
      { ttlMs: 30_000, renewIntervalMs: 2_000 },
    );
  await register();
  const timer = setInterval(() => void register().catch(() => {}), 2_000);
  cleanUps.push(() => clearInterval(timer));
}

function follow(registry: Registry): WatchEvent[] {
  const events: WatchEvent[] = [];
  void (async () => {
    for await (const event of registry.watch({ name: 'fleet' })) events.push(event);
  })();
  return events;
}

const nodesOf = async (registry: Registry) =>
  (await registry.getService('fleet').catch(() => [])).flatMap(({ nodes }) => nodes.map(({ id }) => id));

describe('an empty restart', () => {
  it('an empty restart loses none of fifty services, and a watcher that lived through it sees no delete', async () => {
    const server = await serve('--warm-up', '8s');
    const services = Array.from({ length: 50 }, () => open(server));
    await Promise.all(services.map((registry, index) => keep(registry, `n${index}`)));
    const events = follow(open(server));
    await until(() => events.some(({ type }) => type === 'synced'));
    await server.kill();
    await server.start();
    const restarted = Date.now();
    const reader = open(server);
    await until(async () => (await nodesOf(reader)).length === 50);
    console.log(`fifty services are back ${Date.now() - restarted} ms after the restart (promised: 4,000)`);
    await until(() => events.at(-1)?.type === 'synced' && events.some(({ type }) => type === 'interrupted'));
    expect(events.filter(({ type }) => type === 'delete')).toEqual([]);
    expect(
      new Set(events.flatMap((event) => (event.type === 'create' ? event.service.nodes.map(({ id }) => id) : []))).size,
    ).toBe(50);
  });

  it('a watcher hears a delete of services that did not come back when warming is over', async () => {
    const server = await serve('--warm-up', '3s');
    await keep(open(server), 'stays');
    await open(server).register({ name: 'fleet', nodes: [{ id: 'leaves', address: '10.0.0.2:80' }] });
    const events = follow(open(server));
    await until(() => events.some(({ type }) => type === 'synced'));
    await server.kill();
    await server.start();
    await until(() => events.some(({ type }) => type === 'delete'));
    await until(() => events.at(-1)?.type === 'synced');
    const told = events.slice(events.findIndex(({ type }) => type === 'interrupted'));
    expect(
      told.map((event) => ('service' in event ? `${event.type} ${event.service.nodes[0]?.id}` : event.type)),
    ).toEqual(['interrupted', 'delete leaves', 'synced']);
  });
});
