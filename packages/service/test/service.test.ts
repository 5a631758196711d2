import { createServer, type Server } from 'node:http';
import type { RegistryError } from '@rollcall/core';
import { faulty } from '@rollcall/core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { memory } from '../../adapters/memory/src/index.ts';
import { chooseAddress } from '../src/advertise.ts';
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
  it('registers at start, renews beyond the TTL, deregisters and closes its server at stop', async () => {
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
    // Two TTLs of renewals, during which no event may come.
    await until(() => register.mock.calls.length >= 9);
    expect(await count(registry)).toBe(1);
    await service.stop();
    expect(await change).toMatchObject({ value: { type: 'delete', reason: 'deregistered' } });
    expect(service.status).toBe('stopped');
    expect(servers[0]?.listening).toBe(false);
    await registry.close();
  });

  it('starts while the backend is down, tells it once, and registers when it is back', async () => {
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

  it('fails fast if asked to', async () => {
    const registry = faulty(memory());
    registry.down();
    await expect(make(registry, { failFast: true }).start()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await registry.close();
  });

  it('does not fight: a conflict ends the loop, and stop leaves the other alone', async () => {
    const [mine, theirs] = [memory({ namespace: 'fight' }), memory({ namespace: 'fight' })];
    const service = make(mine, { id: 'one' });
    const conflicts: RegistryError[] = [];
    service.on('conflict', (error) => conflicts.push(error));
    await service.start();
    await theirs.register({ name: 'greeter', nodes: [{ id: 'one', address: '10.0.0.9:1' }] });
    await until(() => conflicts.length === 1);
    expect(service.status).toBe('unregistered');
    await service.stop();
    expect(await count(theirs)).toBe(1);
    await mine.close();
    await theirs.close();
  });

  it('is off the roll while its own check fails', async () => {
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

  it('refuses an interval that is not below the TTL', () => {
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
  ])('%j %j', async (argv, env, explanation) => {
    const chosen = await chooseRegistry({ argv, env, registries: { x: stub(), y: stub(), memory: stub() } });
    expect(chosen.explanation).toMatch(
      explanation instanceof RegExp ? explanation : new RegExp(explanation.replace(/[()]/g, '\\$&')),
    );
  });

  it('passes addresses and namespace, also in the spelling of go-micro', async () => {
    const x = stub();
    await loadRegistry({
      argv: ['--registry=x', '--registry_address=a:1, b:2', '--registry-namespace', 'n'],
      env: {},
      registries: { x },
    });
    expect(x).toHaveBeenCalledWith({ addresses: ['a:1', 'b:2'], namespace: 'n' });
  });

  it('lists the known names', async () => {
    await expect(loadRegistry({ argv: ['--registry=zoo'], env: {}, registries: { x: stub() } })).rejects.toThrow(
      /"zoo" is unknown: choose one of x, memory, mdns/,
    );
    await expect(loadRegistry({ argv: ['--registry'], env: {} })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('adds its flags to a command', () => {
    const option = vi.fn();
    addRegistryOptions({ option });
    expect(option.mock.calls.map(([flags]) => flags)).toContain('--registry-token-file <path>');
  });
});

describe('the advertised address', () => {
  const info = (address: string) => [
    { address, family: 'IPv4' as const, internal: false, netmask: '', mac: '', cidr: null },
  ];
  const interfaces = { docker0: info('172.17.0.1'), eth0: info('10.0.0.5') };
  const bound = { host: '::', port: 80 };
  it.each([
    [{ bound, crossHost: true, interfaces, wanted: { value: 'me', source: 'advertise' } }, 'me:80'],
    [{ bound, crossHost: true, interfaces, wanted: { value: 'fd00::1', source: 'advertise' } }, '[fd00::1]:80'],
    [{ bound, crossHost: true, interfaces }, '10.0.0.5:80'],
    [{ bound, crossHost: true, interfaces: { docker0: interfaces.docker0 } }, '172.17.0.1:80'],
    [{ bound, crossHost: true, interfaces, backendHost: '127.0.0.1' }, '127.0.0.1:80'],
    [{ bound, crossHost: true, interfaces, backendHost: '10.0.9.9', routeHost: '10.0.0.7' }, '10.0.0.7:80'],
    [{ bound, crossHost: false, interfaces }, '127.0.0.1:80'],
    [{ bound: { host: '10.1.1.1', port: 80 }, crossHost: true, interfaces }, '10.1.1.1:80'],
  ])('%#', (input, address) => expect(chooseAddress(input).address).toBe(address));

  it('refuses loopback only when the backend is elsewhere', () => {
    const loopback = { bound: { host: '127.0.0.1', port: 80 }, crossHost: true, interfaces };
    expect(() => chooseAddress({ ...loopback, backendHost: '10.0.9.9' })).toThrow(/only this machine reaches/);
    expect(chooseAddress({ ...loopback, backendHost: '127.0.0.1' }).address).toBe('127.0.0.1:80');
    expect(() => chooseAddress({ crossHost: true, interfaces, wanted: { value: 'me', source: 'advertise' } })).toThrow(
      /host:port/,
    );
  });
});
