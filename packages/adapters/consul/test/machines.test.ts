import type { Registry, WatchEvent } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type ConsulAgent, consulAgent } from '../../../backends/src/index.ts';
import { consul } from '../src/index.ts';

let [first, second]: ConsulAgent[] = [];
const cleanUps: (() => unknown)[] = [];
beforeAll(async () => {
  first = await consulAgent();
  await first.agent.start();
  second = await consulAgent({ join: first.serf });
  await second.agent.start();
}, 120_000);
afterAll(() => Promise.all([first?.agent.dispose(), second?.agent.dispose()]));
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const machineOf = (at: ConsulAgent | undefined): string => `agent-${at?.address.split(':')[1]}`;
function open(at: ConsulAgent | undefined): Registry {
  const registry = consul({ addresses: [at?.address ?? ''], env: {} });
  cleanUps.push(() => registry.close());
  return registry;
}
async function put(at: ConsulAgent | undefined, path: string, body: object): Promise<void> {
  const response = await fetch(`http://${at?.address}/v1/${path}`, { method: 'PUT', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}
const idsOf = async (registry: Registry, name: string) =>
  (await registry.getService(name)).flatMap(({ nodes }) => nodes.map(({ id }) => id)).sort();
const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 30_000 });
function follow(registry: Registry): WatchEvent[] {
  const events: WatchEvent[] = [];
  void (async () => {
    for await (const event of registry.watch()) events.push(event);
  })();
  return events;
}

it('one ServiceID on several machines is several nodes, and each can be removed alone', async () => {
  const [registry, other] = [open(first), open(second)];
  for (const at of [first, second])
    await put(at, 'agent/service/register', { ID: 'web', Name: 'web', Address: '10.0.0.1', Port: 80 });
  const both = [`web@${machineOf(first)}`, `web@${machineOf(second)}`].sort();
  await eventually(() => idsOf(registry, 'web')).toEqual(both);
  await expect(registry.deregister({ name: 'web', nodes: [{ id: `web@${machineOf(second)}` }] })).rejects.toMatchObject(
    {
      code: 'NOT_SUPPORTED',
      message: expect.stringContaining(machineOf(second)),
    },
  );
  // An id without a machine means the machine of the agent that is asked.
  await registry.deregister({ name: 'web', nodes: [{ id: 'web' }] });
  expect(await idsOf(registry, 'web')).toEqual([`web@${machineOf(second)}`]);
  await registry.deregister({ name: 'web', nodes: [{ id: 'web' }] });
  await other.deregister({ name: 'web', nodes: [{ id: `web@${machineOf(second)}` }] });
  await eventually(() => idsOf(registry, 'web')).toEqual([]);
}, 60_000);

it('a node whose ServiceID contains an @ is removed by its id with the machine, and by its id alone', async () => {
  const registry = open(first);
  for (const id of ['a@b', 'b@c'])
    await put(first, 'agent/service/register', { ID: id, Name: 'mail', Address: '10.0.0.1', Port: 80 });
  await eventually(() => idsOf(registry, 'mail')).toHaveLength(2);
  await registry.deregister({ name: 'mail', nodes: [{ id: 'a@b' }, { id: `b@c@${machineOf(first)}` }] });
  expect(await idsOf(registry, 'mail')).toEqual([]);
});

it('a watch of everything tells updates only of the services on a machine whose address changes', async () => {
  const registry = open(first);
  const machine = (Node: string, Address: string, service?: string) =>
    put(first, 'catalog/register', {
      Node,
      Address,
      ...(service === undefined ? {} : { Service: { Service: service, ID: service, Port: 80 } }),
    });
  await machine('m1', '10.9.1.1', 'moves');
  await machine('m2', '10.9.1.2', 'stays');
  const events = follow(registry);
  await eventually(() => events.map(({ type }) => type)).toContain('synced');
  const before = events.length;
  await machine('m1', '10.9.1.99');
  await eventually(() => events.length).toBe(before + 1);
  expect(events.at(-1)).toMatchObject({
    type: 'update',
    service: { name: 'moves', nodes: [{ id: 'moves@m1', address: '10.9.1.99:80' }] },
  });
}, 60_000);

it('when many names change at once, each change is told and Node prints no warning', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  cleanUps.push(() => process.off('warning', onWarning));
  const [writer, reader] = [open(first), open(first)];
  const events = follow(reader);
  await eventually(() => events.map(({ type }) => type)).toContain('synced');
  const names = Array.from({ length: 30 }, (_, index) => `many-${index}`);
  const registerAll = (port: number) =>
    Promise.all(
      names.map((name) =>
        writer.register({ name, nodes: [{ id: 'n', address: `10.0.0.1:${port}` }] }, { ttlMs: 60_000 }),
      ),
    );
  const told = (port: number) =>
    new Set(
      events.flatMap((event) =>
        'service' in event && event.service.nodes[0]?.address === `10.0.0.1:${port}` ? [event.service.name] : [],
      ),
    );
  await registerAll(80);
  await eventually(() => told(80).size).toBe(30);
  // Only the address and the tag that marks the write change; all other tags stay.
  await registerAll(81);
  await eventually(() => told(81).size).toBe(30);
  await reader.listServices();
  expect(warnings).toEqual([]);
}, 60_000);
