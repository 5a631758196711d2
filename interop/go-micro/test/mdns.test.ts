/** go-micro's own mDNS registry and ours, on two hosts of one LAN and on one host. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Member } from '../../../packages/adapters/mdns/test/lan/member.ts';
import { type HostName, Lan } from '../../../packages/backends/src/index.ts';
import type { Registry, WatchEvent } from '../../../packages/core/src/index.ts';
import { buildGoMicro, endpoint, GoMicro, type GoService, rows } from './go-micro.ts';

const eventually = (holds: () => unknown, timeout = 20_000) => expect.poll(holds, { timeout, interval: 50 });
const service = (version: string, id: string) =>
  ({
    name: 'go.micro.srv.greeter',
    version,
    endpoints: [endpoint],
    nodes: [{ id, address: '10.77.0.1:8080', metadata: { zone: 'z1' } }],
  }) satisfies GoService;
const { name } = service('', '');
let program = '';
let lan: Lan;
const members = new Map<HostName, Member>();
const cleanUps: (() => unknown)[] = [];
beforeAll(async () => {
  program = await buildGoMicro();
  lan = await Lan.create();
  for (const host of ['a', 'b'] as const) members.set(host, await Member.on(lan, host));
}, 600_000);
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
afterAll(async () => {
  for (const member of members.values()) await member.kill();
  await lan.dispose();
});

function goMicro(...domain: readonly string[]): GoMicro {
  return goMicroOn('a', ...domain);
}

function goMicroOn(host: HostName, ...domain: readonly string[]): GoMicro {
  const [file, args] = lan.command(host, program, ['mdns', ...domain]);
  // go-micro logs each packet that is not for it.
  const process = new GoMicro([file, ...args], true);
  cleanUps.push(() => process.kill());
  return process;
}

function open(host: HostName, namespace?: string): Registry {
  const registry = (members.get(host) as Member).open({ namespace });
  cleanUps.push(() => registry.close());
  return registry;
}
function follow(registry: Registry): WatchEvent[] {
  const events: WatchEvent[] = [];
  void (async () => {
    for await (const event of registry.watch({ name })) events.push(event);
  })();
  return events;
}
const types = (events: readonly WatchEvent[], id: string) =>
  events.flatMap((event) => ('service' in event && event.service.nodes[0]?.id === id ? [event.type] : []));

it('a killed go-micro service leaves the roll when its records expire', async () => {
  const [registry, other] = [open('b'), goMicro()];
  const events = follow(registry);
  await other.register(service('1.0.0', 'killed'), 30);
  await eventually(() => types(events, 'killed')).toContain('create');
  other.kill();
  // go-micro's records live 120 s, whatever TTL the caller asks for.
  await eventually(() => types(events, 'killed').at(-1), 130_000).toBe('delete');
  expect(events.at(-1)).toMatchObject({ reason: 'expired' });
}, 180_000);

it('go-micro keeps an id that both sides took while the network was parted, since go-micro never gives way', async () => {
  const [registry, other] = [open('b'), goMicro()];
  await lan.down('b');
  await registry.register(service('2.0.0', 'parted'), { ttlMs: 60_000 });
  await other.register(service('1.0.0', 'parted'), 30);
  await lan.up('b');
  await eventually(() =>
    registry.register(service('2.0.0', 'parted'), { ttlMs: 60_000 }).then(
      () => 'renewed',
      ({ code }) => code,
    ),
  ).toBe('CONFLICT');
  await eventually(async () => rows(await registry.getService(name))).toEqual([
    '1.0.0 parted 10.77.0.1:8080 {"zone":"z1"}',
  ]);
}, 60_000);

it.each(['a', 'b'] as const)(
  'a registry on host %s tells the nodes of several go-micro processes apart, though their hosts have one name',
  async (host) => {
    const fleet = (version: string, addresses: readonly string[]): GoService => ({
      name,
      version,
      endpoints: [endpoint],
      nodes: addresses.map((address) => ({ id: `at-${address.replace(/[^0-9a-f]/g, '-')}`, address, metadata: {} })),
    });
    // The hosts of a LAN here differ by network alone, so that go-micro announces all of them under one host name.
    const processes = [
      { process: goMicroOn('a'), services: [fleet('1.0.0', ['10.77.0.1:8081', '10.77.0.1:8082', '10.77.0.11:8081'])] },
      { process: goMicroOn('a'), services: [fleet('1.0.0', ['10.77.0.12:8081']), fleet('2.0.0', ['10.77.0.13:9000'])] },
      { process: goMicroOn('b'), services: [fleet('2.0.0', ['10.77.0.2:8081', '172.31.5.5:7000'])] },
      { process: goMicroOn('b'), services: [fleet('3.0.0', ['[fd00::7]:8081', '10.77.0.2:8083'])] },
    ];
    const expected = rows(processes.flatMap(({ services }) => services));
    const watched = open(host);
    const events = follow(watched);
    for (const { process, services } of processes) for (const one of services) await process.register(one, 30);
    await eventually(async () => rows(await watched.getService(name))).toEqual(expected);
    // Each question makes all processes answer again, each with its own address under the common host name.
    for (let round = 0; round < 5; round += 1)
      await eventually(async () => rows(await open(host).getService(name))).toEqual(expected);
    expect(events.filter(({ type }) => type !== 'create' && type !== 'synced')).toEqual([]);
    const [, { process, services }] = processes as [unknown, (typeof processes)[number]];
    await process.deregister(services[1] as GoService);
    const left = expected.filter((row) => !row.includes('10.77.0.13:9000'));
    await eventually(async () => rows(await watched.getService(name))).toEqual(left);
    expect(events.filter(({ type }) => type === 'update')).toEqual([]);
  },
  90_000,
);

describe.each(['a', 'b'] as const)('go-micro on host a and a registry on host %s', (host) => {
  const ours = (namespace?: string): Registry => open(host, namespace);

  it('a registry reads, lists and watches a node that go-micro registers over mDNS, until go-micro deregisters it', async () => {
    const [registry, other] = [ours(), goMicro()];
    const events = follow(registry);
    await other.register(service('1.0.0', `theirs-1${host}`), 30);
    await other.register(service('2.0.0', `theirs-2${host}`), 30);
    await eventually(() => types(events, `theirs-2${host}`)).toContain('create');
    // A registry that has heard nothing before reads the services as well.
    const fresh = ours();
    await eventually(async () => rows(await fresh.getService(name))).toEqual([
      `1.0.0 theirs-1${host} 10.77.0.1:8080 {"zone":"z1"}`,
      `2.0.0 theirs-2${host} 10.77.0.1:8080 {"zone":"z1"}`,
    ]);
    expect((await fresh.getService(name))[0]?.endpoints).toEqual([endpoint]);
    await eventually(async () => (await ours().listServices()).find((one) => one.name === name)).toEqual({
      name,
      versions: ['1.0.0', '2.0.0'],
    });
    await other.deregister(service('1.0.0', `theirs-1${host}`));
    await eventually(() => types(events, `theirs-1${host}`).at(-1)).toBe('delete');
    expect(types(events, `theirs-2${host}`)).toEqual(['create']);
  }, 60_000);

  it('go-micro finds, lists and watches a node that a registry registers over mDNS, until it is deregistered', async () => {
    const [registry, other] = [ours(), goMicro()];
    await other.watch(name);
    await registry.register(service('3.0.0', `ours-1${host}`), { ttlMs: 60_000 });
    await registry.register(service('4.0.0', `ours-2${host}`), { ttlMs: 60_000 });
    await eventually(async () => rows(await other.get(name))).toEqual([
      `3.0.0 ours-1${host} 10.77.0.1:8080 {"zone":"z1"}`,
      `4.0.0 ours-2${host} 10.77.0.1:8080 {"zone":"z1"}`,
    ]);
    expect((await other.get(name))[0]?.endpoints).toMatchObject([{ name: 'Greeter.Hello' }]);
    await eventually(() => other.list()).toContain(name);
    const told = (id: string) =>
      other.events.flatMap(({ Action, Service }) => (Service.nodes?.[0]?.id === id ? [Action] : []));
    await eventually(() => told(`ours-1${host}`)).toContain('create');
    await registry.deregister(service('3.0.0', `ours-1${host}`));
    await eventually(() => told(`ours-1${host}`)).toContain('delete');
    await eventually(async () => rows(await other.get(name))).toEqual([
      `4.0.0 ours-2${host} 10.77.0.1:8080 {"zone":"z1"}`,
    ]);
    // go-micro's get asks once and waits 100 ms, so it may miss a node; the withdrawn nodes must be missing for good.
    await registry.close();
    await eventually(() => other.get(name)).toEqual([]);
    await eventually(() => other.list()).not.toContain(name);
  }, 60_000);

  it('register of an id that go-micro holds is CONFLICT', async () => {
    const [registry, other] = [ours(), goMicro()];
    await other.register(service('1.0.0', `taken-${host}`), 30);
    await eventually(async () => rows(await registry.getService(name))).toHaveLength(1);
    await expect(registry.register(service('2.0.0', `taken-${host}`))).rejects.toMatchObject({ code: 'CONFLICT' });
  }, 60_000);

  it('the domain of go-micro is the namespace of a registry', async () => {
    const [registry, elsewhere, other] = [ours(`acme-${host}`), ours(), goMicro(`acme-${host}`)];
    await other.register(service('1.0.0', 'inside'), 30);
    await eventually(async () => rows(await registry.getService(name))).toHaveLength(1);
    await registry.register(service('1.0.0', 'beside'), { ttlMs: 60_000 });
    await eventually(async () => rows(await other.get(name))).toHaveLength(2);
    expect(await elsewhere.getService(name)).toEqual([]);
  }, 60_000);
});
