/** The adapter beside Avahi, an independent implementation: on another host, and on the same host and port. */
import type { Registry, WatchEvent } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Avahi, type HostName, Lan } from '../../../backends/src/index.ts';
import { dnsSdNames } from '../src/wire/dns-sd.ts';
import { Member } from './lan/member.ts';

const type = '_rollcall._tcp';
let lan: Lan;
let avahi: Avahi;
const members = new Map<HostName, Member>();
const cleanUps: (() => unknown)[] = [];
beforeAll(async () => {
  lan = await Lan.create();
  for (const host of ['a', 'b'] as const) members.set(host, await Member.on(lan, host));
  avahi = await Avahi.on(lan, 'b');
}, 120_000);
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
afterAll(async () => {
  for (const member of members.values()) await member.kill();
  await avahi.dispose();
  await lan.dispose();
});

function open(host: HostName): Registry {
  const registry = (members.get(host) as Member).open();
  cleanUps.push(() => registry.close());
  return registry;
}
function follow(registry: Registry, name: string): WatchEvent[] {
  const events: WatchEvent[] = [];
  void (async () => {
    for await (const event of registry.watch({ name })) events.push(event);
  })();
  return events;
}
const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 20_000 });
const label = (name: string, id: string): string => dnsSdNames(undefined).instance({ name, id }).split('.')[0] ?? '';
const service = (name: string, id = 'n1', port = 8_080) => ({
  name,
  version: '1.2.3',
  nodes: [{ id, address: `10.77.0.1:${port}`, metadata: { zone: 'eu' } }],
});

describe.each(['a', 'b'] as const)('Avahi on host b and a registry on host %s', (host) => {
  it('avahi-browse resolves a node that the registry announces, until the registry withdraws it', async () => {
    const registry = open(host);
    const name = `shown-${host}`;
    await registry.register(service(name), { ttlMs: 60_000 });
    const lines = async () => (await avahi.browse(type)).filter((line) => line.includes(`"name=${name}"`));
    await eventually(lines).toEqual([expect.anything()]);
    const [line = ''] = await lines();
    expect(line.split(';').slice(1, 9)).toEqual([
      ...['eth0', 'IPv4', label(name, 'n1'), type, 'local', 'rollcall-10-77-0-1.local', '10.77.0.1', '8080'],
    ]);
    expect(line).toContain('"version=1.2.3"');
    await registry.deregister(service(name));
    await eventually(lines).toEqual([]);
  }, 60_000);

  it('a service that avahi-publish announces in our type is on the roll until avahi-publish ends', async () => {
    const registry = open(host);
    const name = `printer-${host}`;
    const events = follow(registry, name);
    const published = await avahi.publish(`Room ${host} 2.1`, type, 631, `name=${name}`, 'version=9', 'color=red');
    await published.said(/Established/);
    await eventually(() => events.find(({ type }) => type === 'create')).toMatchObject({
      service: {
        name,
        version: '9',
        nodes: [{ id: `Room ${host} 2.1`, address: '10.77.0.2:631', metadata: { color: 'red' } }],
      },
    });
    // A registry without a watch sees the service as well.
    expect(await open(host).getService(name)).toMatchObject([{ version: '9' }]);
    expect((await open(host).listServices()).map((one) => one.name)).toContain(name);
    published.kill();
    await eventually(() => events.at(-1)).toMatchObject({ type: 'delete', reason: 'deregistered' });
  }, 60_000);

  it('an instance of avahi-publish without TXT has its label as name and id', async () => {
    const published = await avahi.publish(`bare-${host}`, type, 80);
    cleanUps.push(() => published.kill());
    await published.said(/Established/);
    await eventually(() => open(host).getService(`bare-${host}`)).toMatchObject([
      { version: '', nodes: [{ id: `bare-${host}`, address: '10.77.0.2:80', metadata: {} }] },
    ]);
  }, 60_000);

  it('Avahi takes another name when this registry holds the one that it wants', async () => {
    const registry = open(host);
    const name = `ours-${host}`;
    await registry.register(service(name), { ttlMs: 60_000 });
    const published = await avahi.publish(label(name, 'n1'), type, 99, `name=${name}`);
    cleanUps.push(() => published.kill());
    await published.said(/ollision.*Established under name/s);
    await registry.register(service(name), { ttlMs: 60_000 });
    const nodes = (await registry.getService(name)).flatMap((one) => one.nodes);
    expect(nodes.find(({ id }) => id === 'n1')).toMatchObject({ address: '10.77.0.1:8080' });
  }, 60_000);

  it('register is CONFLICT when Avahi holds the name', async () => {
    const registry = open(host);
    const name = `theirs-${host}`;
    const published = await avahi.publish(label(name, 'n1'), type, 99, `name=${name}`);
    await published.said(/Established/);
    const refused = { code: 'CONFLICT', message: expect.stringContaining('10.77.0.2') };
    await expect(registry.register(service(name))).rejects.toMatchObject(refused);
    published.kill();
    await eventually(() =>
      registry.register(service(name)).then(
        () => 'free',
        ({ code }) => code,
      ),
    ).toBe('free');
  }, 60_000);
});
