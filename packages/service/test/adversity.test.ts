import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@rollcall/core';
import { faulty } from '@rollcall/core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { memory } from '../../adapters/memory/src/index.ts';
import { findAddress } from '../src/address/find-address.ts';
import { routeTo } from '../src/address/route.ts';
import { createService } from '../src/index.ts';
import { readSetting } from '../src/registries/settings.ts';

const logger = () => ({ debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() });
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  vi.unstubAllEnvs();
});

function make(server: Server, over: Partial<Parameters<typeof createService>[0]> = {}) {
  const log = logger();
  const registry = memory();
  const service = createService({
    name: 'greeter',
    server,
    registry,
    ttlMs: 3_000,
    renewIntervalMs: 50,
    logger: log,
    ...over,
  } as Parameters<typeof createService>[0]);
  cleanUps.push(
    () => server.close(),
    () => registry.close(),
    () => service.stop(),
  );
  const warnings = () => log.warn.mock.calls.map(([, message]) => String(message));
  return { service, registry, warnings };
}

const listen = () => createServer().listen(0, '127.0.0.1');
const addressOf = (server: Server) => `127.0.0.1:${(server.address() as AddressInfo).port}`;

describe('a service in adversity', () => {
  it('a service stops before its server listens, and leaves no listener on the server', async () => {
    const server = createServer();
    const before = [server.listenerCount('listening'), server.listenerCount('error')];
    const { service } = make(server);
    const started = service.start();
    const refused = expect(started).rejects.toMatchObject({ code: 'ABORTED' });
    await service.stop();
    await refused;
    expect(service.status).toBe('stopped');
    expect([server.listenerCount('listening'), server.listenerCount('error')]).toEqual(before);
  });

  it('a service leaves no error listener on a listening server, so that a later error is not swallowed', async () => {
    const server = createServer();
    const { service } = make(server);
    const started = service.start();
    server.listen(0, '127.0.0.1');
    await started;
    expect(server.listenerCount('error')).toBe(0);
  });

  it('stop resolves even when the server cannot be closed', async () => {
    const server = listen();
    const { service, warnings } = make(server, {
      server: { server, close: () => Promise.reject(new Error('it sticks')) },
    });
    await service.start();
    await service.stop();
    expect(service.status).toBe('stopped');
    expect(warnings()).toEqual(['could not close the server: it sticks']);
  });

  it('stop ends a first registration that the backend never answers', async () => {
    const registry = faulty(memory({ closeTimeoutMs: 100, timeoutMs: 60_000 }));
    registry.hang();
    const { service } = make(listen(), { registry, renewIntervalMs: 1_000 });
    const started = service.start();
    await vi.waitFor(() => expect(service.node).toBeDefined(), { timeout: 10_000 });
    const stopped = service.stop();
    // The start must end while the backend hangs; only the deregistration may still wait for the backend.
    await started;
    registry.up();
    await registry.close();
    await stopped;
    expect(service.status).toBe('stopped');
  });

  it('a listener that throws does not take the service off the roll', async () => {
    const { service, registry, warnings } = make(listen());
    service.on('registered', () => {
      throw new Error('oops');
    });
    await service.start();
    expect(service.status).toBe('registered');
    await service.stop();
    expect(warnings()).toEqual(['a listener of registered threw: oops']);
    expect(await registry.listServices()).toEqual([]);
  });

  it('a service registers again when its address changes', async () => {
    const server = listen();
    const { service, registry } = make(server);
    const node = await service.start();
    await new Promise((resolve) => server.close(resolve));
    // Another server takes the old port, so that the new port differs.
    const squatter = createServer().listen(Number(node.address.split(':')[1]), '127.0.0.1');
    cleanUps.push(() => squatter.close());
    await vi.waitFor(() => expect(squatter.listening).toBe(true), { timeout: 10_000 });
    server.listen(0, '127.0.0.1');
    await vi.waitFor(() => expect(service.node?.address).not.toBe(node.address), { timeout: 10_000 });
    await vi.waitFor(
      async () => {
        const [found] = await registry.getService('greeter');
        expect(found?.nodes).toMatchObject([{ id: node.id, address: addressOf(server) }]);
      },
      { timeout: 10_000 },
    );
  });

  it('a service warns of flags and variables that code overrules', async () => {
    vi.stubEnv('ROLLCALL_REGISTER_TTL', '60s');
    vi.stubEnv('MICRO_REGISTER_INTERVAL', '5');
    const { service, warnings } = make(listen());
    await service.start();
    expect(warnings()).toEqual([
      'ROLLCALL_REGISTER_TTL=60s is ignored: the program chooses ttlMs',
      'MICRO_REGISTER_INTERVAL=5 is ignored: the program chooses renewIntervalMs',
    ]);
  });
});

describe('the network', () => {
  const wide = { capabilities: { ...memory().capabilities, crossHost: true } };
  const ask = (over: Partial<Parameters<typeof findAddress>[0]>) => {
    const server = createServer().listen(0, '0.0.0.0');
    cleanUps.push(() => server.close());
    return findAddress({
      ...{ advertise: undefined, server, registry: wide, loopbackIsLocal: false, clock: systemClock },
      ...{ sources: { argv: [], env: {} }, signal: new AbortController().signal, ...over },
    });
  };

  it('no route is found to the backend on a host without an address', async () => {
    expect(await routeTo('no-such-host.invalid', systemClock)).toBeUndefined();
    expect(await routeTo('127.0.0.1', systemClock)).toBe('127.0.0.1');
  });

  it('a service never advertises a wildcard, and keeps its address while the route is unknown', async () => {
    const registry = { ...wide, endpoints: ['no-such-host.invalid:1'] };
    expect((await ask({ registry })).address).not.toMatch(/^0\.0\.0\.0/);
    const previous = { address: '10.0.0.7:80', why: 'the route to the registry' };
    expect(await ask({ registry, previous })).toBe(previous);
  });

  it('a service advertises loopback only for a backend that this machine alone reaches', async () => {
    const registry = { ...wide, endpoints: ['127.0.0.1:8500'] };
    expect((await ask({ registry, loopbackIsLocal: true })).address).toMatch(/^127\.0\.0\.1:/);
    expect((await ask({ registry })).why).toMatch(/default route|interface|no address/);
  });

  it('settings are not read from arguments after --', () => {
    const argv = ['node', 'app.js', '--registry', 'a', '--', '--registry', 'b'];
    expect(readSetting('registry', { argv, env: {} })?.value).toBe('a');
  });
});

describe('a server whose own closing hook stops the service', () => {
  /** Like Fastify, `close()` runs the hooks, then closes the server, and answers all calls with one promise. */
  const hooked = () => {
    const server = listen();
    const hooks: (() => Promise<void>)[] = [];
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closing ??= (async () => {
        for (const hook of hooks) await hook();
        await new Promise((resolve) => server.close(resolve));
      })();
      return closing;
    };
    return { server, close, hooks };
  };

  it('a server whose closing hook calls stop closes without a deadlock, after the service left the roll', async () => {
    const app = hooked();
    const { service, registry } = make(app.server, { server: app });
    app.hooks.push(async () => {
      await service.stop();
      expect(await registry.listServices()).toEqual([]);
    });
    await service.start();
    await app.close();
    expect(service.status).toBe('stopped');
    expect(app.server.listening).toBe(false);
  });

  it('stop closes a server whose closing hook calls stop, waits for it, and gives it its own close back', async () => {
    const app = hooked();
    const own = app.close;
    const { service } = make(app.server, { server: app });
    await service.start();
    await service.stop();
    expect(app.server.listening).toBe(false);
    expect(app.close).toBe(own);
  });

  it('createService refuses an unknown option', () => {
    expect(() => createService({ name: 'x', advertise: '10.0.0.1:80', ttl: 1_000 } as never)).toThrow(
      /^options: ttl is unknown; an option must be one of name, .*ttlMs/,
    );
  });

  it.each([
    ['an Express app', Object.assign(() => {}, { listen: () => {} }), /server must be .*app\.listen/],
    ['a port', 8080, /server must be/],
    ['nothing', null, /server must be/],
  ])('createService refuses a server that is %s', (_, server, message) => {
    expect(() => createService({ name: 'x', server: server as never })).toThrow(message);
  });

  it('a service says once that its server does not listen, and goes on waiting', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    cleanUps.push(() => vi.useRealTimers());
    const server = createServer();
    const { service, warnings } = make(server);
    const started = service.start();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(warnings()).toEqual([
      'not registered yet because the server does not listen: call listen() on it; still waiting',
    ]);
    vi.useRealTimers();
    server.listen(0, '127.0.0.1');
    await started;
    expect(service.status).toBe('registered');
  });
});
