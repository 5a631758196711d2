import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, subjects } from '../../../packages/backends/test/both/subjects.ts';
import type { Registry, Service, WatchEvent } from '../../../packages/core/src/index.ts';
import { buildGoMicro, endpoint, GoMicro, type GoService, rows } from './go-micro.ts';

const bin = fileURLToPath(new URL('../../../packages/cli/bin/rollcall.js', import.meta.url));
const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 20_000, interval: 50 });

const theirs = (version: string, id: string, metadata: Readonly<Record<string, string>> = { zone: 'z1' }) =>
  ({
    name: 'greeter',
    version,
    endpoints: [endpoint],
    nodes: [{ id, address: '10.0.0.1:8080', metadata }],
  }) satisfies GoService;

let program = '';
beforeAll(async () => {
  program = await buildGoMicro();
}, 600_000);

describe.each(subjects)("go-micro's own registry on $name", ({ name: kind, prepare, open }) => {
  let backend: Backend;
  const cleanUps: (() => unknown)[] = [];
  beforeAll(async () => {
    backend = await prepare();
    await backend.process.start();
  }, 120_000);
  afterAll(() => backend.process.dispose());
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    await backend.process.wipe();
  });

  const ours = (): Registry => {
    const registry = open(backend.address);
    cleanUps.push(() => registry.close());
    return registry;
  };
  const goMicro = (): GoMicro => {
    const process = new GoMicro([program, kind, backend.address]);
    cleanUps.push(() => process.kill());
    return process;
  };
  function follow(registry: Registry): WatchEvent[] {
    const events: WatchEvent[] = [];
    void (async () => {
      for await (const event of registry.watch({ name: 'greeter' })) events.push(event);
    })();
    return events;
  }
  const deletes = (events: readonly WatchEvent[]) =>
    events.flatMap((event) => (event.type === 'delete' ? [`${event.service.nodes[0]?.id} ${event.reason}`] : []));

  it('a registry reads and watches every field of a node that go-micro registers, until go-micro deregisters it', async () => {
    const [registry, other] = [ours(), goMicro()];
    const events = follow(registry);
    await eventually(() => events.at(-1)?.type).toBe('synced');
    await other.register(theirs('1.0.0', 'greeter-1'), 30);
    await other.register(theirs('2.0.0', 'greeter-2'), 30);
    await eventually(() => events.filter(({ type }) => type === 'create').length).toBe(2);
    const found: readonly Service[] = await registry.getService('greeter');
    expect(rows(found)).toEqual(rows([theirs('1.0.0', 'greeter-1'), theirs('2.0.0', 'greeter-2')]));
    expect(found[0]?.endpoints).toEqual([endpoint]);
    expect(await registry.listServices()).toEqual([{ name: 'greeter', versions: ['1.0.0', '2.0.0'] }]);
    await other.deregister(theirs('1.0.0', 'greeter-1'));
    await eventually(() => deletes(events)).toEqual(['greeter-1 deregistered']);
  });

  it('go-micro reads and watches a node that a registry registers, until the registry withdraws it', async () => {
    const [registry, other] = [ours(), goMicro()];
    await other.watch('greeter');
    // The form of go-micro's ids, which are the same on every backend.
    const [first, second] = [`greeter-${randomUUID()}`, `greeter-${randomUUID()}`];
    const services = [theirs('1.0.0', first), theirs('2.0.0', second, {})];
    for (const service of services) await registry.register(service, { ttlMs: 30_000 });
    const found = await other.get('greeter');
    expect(rows(found)).toEqual(rows(services));
    expect(found[0]?.endpoints).toMatchObject([{ name: 'Greeter.Hello', metadata: { stream: 'false' } }]);
    expect(found[0]?.endpoints).toMatchObject([{ request: { values: [{ name: 'name', type: 'string' }] } }]);
    expect(await other.list()).toContain('greeter');
    const told = (action: string) =>
      other.events.filter(({ Action }) => Action === action).flatMap((event) => rows([event.Service]));
    await eventually(() => told('create').length).toBe(2);
    await registry.register(theirs('1.0.0', first, { zone: 'z2' }), { ttlMs: 30_000 });
    await eventually(() => told('update')).toContain(`1.0.0 ${first} 10.0.0.1:8080 {"zone":"z2"}`);
    await registry.deregister({ name: 'greeter', nodes: [{ id: first }, { id: second }] });
    await eventually(() => told('delete').length).toBe(2);
    expect(await other.get('greeter')).toEqual([]);
  });

  it('a node that falls silent is gone for go-micro and for us', async () => {
    const [registry, silent, other] = [ours(), open(backend.address), goMicro()];
    const dying = goMicro();
    const events = follow(registry);
    await dying.register(theirs('1.0.0', 'theirs'), 3);
    await silent.register(theirs('1.0.0', 'ours'), { ttlMs: 3_000 });
    expect(rows(await registry.getService('greeter'))).toHaveLength(2);
    dying.kill();
    await silent.close({ withdraw: false });
    await eventually(() => deletes(events).sort()).toEqual(['ours expired', 'theirs expired']);
    await eventually(() => other.get('greeter')).toEqual([]);
  });

  it('the command line reads and withdraws a node that go-micro registered', async () => {
    await goMicro().register(theirs('1.0.0', 'greeter-1'), 30);
    const rollcall = async (...args: readonly string[]) =>
      (
        await promisify(execFile)(process.execPath, [
          ...[bin, ...args],
          ...['--registry', kind, '--registry-address', backend.address],
        ])
      ).stdout;
    expect(await rollcall('list')).toMatch(/greeter +1\.0\.0/);
    expect(await rollcall('get', 'greeter')).toMatch(/greeter-1 +10\.0\.0\.1:8080/);
    await rollcall('deregister', 'greeter', 'greeter-1');
    expect(await rollcall('list')).not.toMatch(/greeter/);
  });
});
