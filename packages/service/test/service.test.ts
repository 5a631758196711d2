import { createServer, type Server } from 'node:http';
import { RegistryError as CoreError, type RegistryError } from '@rollcall/core';
import { faulty } from '@rollcall/core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { memory } from '../../adapters/memory/src/index.ts';
import { addRegistryOptions, createService, loadRegistry, type ServiceOptions } from '../src/index.ts';
import { chooseRegistry } from '../src/registries/load-registry.ts';

const logger = () => ({ debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() });
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function listening(host = '127.0.0.1'): Server {
  const server = createServer((_request, response) => response.end()).listen(0, host);
  servers.push(server);
  return server;
}

function make(registry: ReturnType<typeof memory>, over: Omit<Partial<ServiceOptions>, 'server' | 'advertise'> = {}) {
  return createService({
    name: 'greeter',
    server: listening(),
    registry,
    ttlMs: 400,
    renewIntervalMs: 100,
    logger: logger(),
    ...over,
  });
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come to hold within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const count = async (registry: ReturnType<typeof memory>) =>
  (await registry.getService('greeter')).flatMap(({ nodes }) => nodes).length;

describe('createService', () => {
  it('a service registers at start, renews beyond the TTL, and deregisters and closes its server at stop', async () => {
    const registry = memory();
    const register = vi.spyOn(registry, 'register');
    const service = make(registry);
    const node = await service.start();
    expect(service.status).toBe('registered');
    expect(node.id).toMatch(/^greeter-[0-9a-f-]{36}$/);
    expect(node.address).toBe(`127.0.0.1:${(servers[0]!.address() as { port: number }).port}`);
    const watcher = registry.watch();
    await watcher.next();
    await watcher.next();
    const change = watcher.next();
    // The service renews for two TTLs, and no event may come meanwhile.
    await until(() => register.mock.calls.length >= 9);
    expect(await count(registry)).toBe(1);
    await service.stop();
    expect(await change).toMatchObject({ value: { type: 'delete', reason: 'deregistered' } });
    expect(service.status).toBe('stopped');
    expect(servers[0]?.listening).toBe(false);
    await registry.close();
  });

  it('a service starts while the backend is down, tells that once, and registers when the backend is back', async () => {
    const registry = faulty(memory());
    const log = logger();
    const service = make(registry, { logger: log });
    registry.down();
    const register = vi.spyOn(registry, 'register');
    await service.start();
    expect(service.status).toBe('unregistered');
    await until(() => register.mock.calls.length >= 4);
    expect(log.warn.mock.calls.filter(([, message]) => String(message).startsWith('not registered'))).toHaveLength(1);
    registry.up();
    await until(() => service.status === 'registered');
    await service.stop();
    await registry.close();
  });

  it('start rejects with failFast while the backend is down', async () => {
    const registry = faulty(memory());
    registry.down();
    await expect(make(registry, { failFast: true }).start()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await registry.close();
  });

  it('a service waits while another process holds its id, tells that once with the address, and registers when the id is free', async () => {
    const [mine, theirs] = [memory({ namespace: 'taken' }), memory({ namespace: 'taken' })];
    const log = logger();
    const service = make(mine, { id: 'one', logger: log });
    const conflicts: RegistryError[] = [];
    service.on('conflict', (error) => conflicts.push(error));
    const register = vi.spyOn(mine, 'register');
    await service.start();
    const other = { name: 'greeter', nodes: [{ id: 'one', address: '10.0.0.9:1' }] };
    await theirs.register(other);
    await until(() => conflicts.length === 1);
    expect(service.status).toBe('unregistered');
    const seen = register.mock.calls.length;
    await until(() => register.mock.calls.length >= seen + 4);
    expect((await theirs.getService('greeter'))[0]?.nodes[0]?.address).toBe('10.0.0.9:1');
    expect(conflicts).toHaveLength(1);
    expect(conflicts[0]?.message).toMatch(/10\.0\.0\.9:1/);
    expect(log.warn.mock.calls.filter(([, message]) => /holds the id/.test(String(message)))).toHaveLength(1);
    await theirs.deregister(other);
    await until(() => service.status === 'registered');
    expect((await theirs.getService('greeter'))[0]?.nodes[0]?.address).toBe(service.node?.address);
    await service.stop();
    await mine.close();
    await theirs.close();
  });

  it('stop leaves the node alone that another process holds under the id', async () => {
    const [mine, theirs] = [memory({ namespace: 'alone' }), memory({ namespace: 'alone' })];
    const service = make(mine, { id: 'one' });
    await service.start();
    await theirs.register({ name: 'greeter', nodes: [{ id: 'one', address: '10.0.0.9:1' }] });
    await until(() => service.status === 'unregistered');
    await service.stop();
    expect(await count(theirs)).toBe(1);
    await mine.close();
    await theirs.close();
  });

  it("onConflict: 'stop' ends a service whose id is taken over", async () => {
    const [mine, theirs] = [memory({ namespace: 'stops' }), memory({ namespace: 'stops' })];
    const service = make(mine, { id: 'one', onConflict: 'stop' });
    let stopped = 0;
    service.on('stopped', () => {
      stopped += 1;
    });
    await service.start();
    await theirs.register({ name: 'greeter', nodes: [{ id: 'one', address: '10.0.0.9:1' }] });
    await until(() => stopped === 1);
    expect(service.status).toBe('stopped');
    expect(await count(theirs)).toBe(1);
    await mine.close();
    await theirs.close();
  });

  it.each([
    [{ onConflict: 'stop' }, 'rejects'],
    [{ failFast: true }, 'rejects'],
    [{}, 'resolves'],
  ] as const)('with the options %j, start on a backend that defends a taken id %s', async (over, outcome) => {
    const registry = memory();
    const error = new CoreError('CONFLICT', 'node one of greeter is defended');
    vi.spyOn(registry, 'register').mockRejectedValue(error);
    const service = make(registry, { id: 'one', ...over });
    if (outcome === 'rejects') await expect(service.start()).rejects.toMatchObject({ code: 'CONFLICT' });
    else {
      expect(await service.start()).toMatchObject({ id: 'one' });
      expect(service.status).toBe('unregistered');
    }
    await service.stop();
    await registry.close();
  });

  it('when the backend lost the node between two renewals, the service prints a line and emits events', async () => {
    const [mine, theirs] = [memory({ namespace: 'wiped' }), memory({ namespace: 'wiped' })];
    const log = logger();
    const service = make(mine, { id: 'one', logger: log });
    const events: string[] = [];
    service.on('unregistered', ({ error }) => events.push(`unregistered ${error === undefined}`));
    service.on('registered', () => events.push('registered'));
    await service.start();
    // Another registry object deregisters the node, as an operator does by hand.
    await theirs.deregister({ name: 'greeter', nodes: [{ id: 'one' }] });
    await until(() => events.length === 3);
    expect(events).toEqual(['registered', 'unregistered true', 'registered']);
    const lines = [...log.warn.mock.calls, ...log.info.mock.calls].map(([, message]) => String(message));
    expect(
      lines.filter((line) => /was not registered for up to .* the registry had lost the node/.test(line)),
    ).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('registered again as one'))).toHaveLength(1);
    await service.stop();
    await mine.close();
    await theirs.close();
  });

  it('a service is off the roll while its registerCheck fails', async () => {
    const registry = memory();
    let healthy = true;
    const service = make(registry, {
      registerCheck: () => {
        if (!healthy) throw new Error('database is away');
      },
    });
    await service.start();
    expect(await count(registry)).toBe(1);
    healthy = false;
    await until(async () => (await count(registry)) === 0);
    healthy = true;
    await until(async () => (await count(registry)) === 1);
    await service.stop();
    await registry.close();
  });

  it('createService refuses a renew interval that is not below the TTL', () => {
    expect(() => createService({ name: 'a', advertise: 'h:1', ttlMs: 1_000, renewIntervalMs: 1_000 })).toThrow(
      /renewIntervalMs \(1000\).*ttlMs \(1000\)/,
    );
  });
});

describe('loadRegistry', () => {
  const stub = () => vi.fn(() => memory());
  it.each([
    [['--registry', 'x'], { ROLLCALL_REGISTRY: 'y' }, 'registry=x (--registry)'],
    [['--registry=x'], {}, 'registry=x (--registry)'],
    [[], { ROLLCALL_REGISTRY: 'y', MICRO_REGISTRY: 'x' }, 'registry=y (ROLLCALL_REGISTRY)'],
    [[], { ROLLCALL_REGISTRY: '', MICRO_REGISTRY: 'x' }, 'registry=x (MICRO_REGISTRY)'],
    [[], {}, /registry=memory \(default; .*only this process sees it/],
  ])('the flags %j and the variables %j choose the registry', async (argv, env, explanation) => {
    const chosen = await chooseRegistry({ argv, env, registries: { x: stub(), y: stub(), memory: stub() } });
    expect(chosen.explanation).toMatch(
      explanation instanceof RegExp ? explanation : new RegExp(explanation.replace(/[()]/g, '\\$&')),
    );
  });

  it('loadRegistry passes on addresses and namespace, also in the spelling of go-micro', async () => {
    const x = stub();
    await loadRegistry({
      argv: ['--registry=x', '--registry_address=a:1, b:2', '--registry-namespace', 'n'],
      env: {},
      registries: { x },
    });
    expect(x).toHaveBeenCalledWith({ addresses: ['a:1', 'b:2'], namespace: 'n', env: {} });
  });

  it('loadRegistry says what to install for an unknown name, and which names it knows', async () => {
    await expect(loadRegistry({ argv: ['--registry=zoo'], env: {}, registries: { x: stub() } })).rejects.toThrow(
      /@rollcall\/zoo nor rollcall-zoo.*npm install @rollcall\/zoo, or choose one that needs no installing: x/,
    );
    await expect(loadRegistry({ argv: ['--registry'], env: {} })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it.each(['Bad Name', '../no/such/file.js', '@nobody/none'])(
    'loadRegistry refuses --registry %s in one sentence',
    async (name) => {
      const refused = loadRegistry({ argv: ['--registry', name], env: {} });
      await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) });
    },
  );

  it('addRegistryOptions adds the flags to a command', () => {
    const option = vi.fn();
    addRegistryOptions({ option });
    expect(option.mock.calls.map(([flags]) => flags)).toContain('--registry-token-file <path>');
  });
});
