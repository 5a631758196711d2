/** The programs between a registry and its agent: balancers, proxies, pages, sockets. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Registry } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ConsulAgent, consulAgent } from '../../../backends/src/index.ts';
import { type ConsulOptions, consul } from '../src/index.ts';

let server: ConsulAgent;
const cleanUps: (() => unknown)[] = [];
beforeAll(async () => {
  server = await consulAgent();
  await server.agent.start();
}, 120_000);
afterAll(() => server.agent.dispose());
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function open(options: ConsulOptions): Registry {
  const registry = consul({ env: {}, closeTimeoutMs: 500, ...options });
  cleanUps.push(() => registry.close());
  return registry;
}
async function listen(listener: RequestListener, at: string | number = 0): Promise<string> {
  const http = createServer(listener);
  if (typeof at === 'string') http.listen(at);
  else http.listen(at, '127.0.0.1');
  await once(http, 'listening');
  cleanUps.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return typeof at === 'string' ? at : `127.0.0.1:${(http.address() as AddressInfo).port}`;
}
/** A proxy that forwards each request to the path that `pass` returns, and refuses it if `pass` returns nothing. */
const proxyTo = (pass: (incoming: IncomingMessage) => string | undefined): RequestListener => {
  const { hostname, port } = new URL(`http://${server.address}`);
  return (incoming, outgoing) => {
    const path = pass(incoming);
    if (path === undefined) {
      outgoing.writeHead(401, { 'content-type': 'text/html' }).end('<h1>who are you</h1>');
      return;
    }
    const { method = 'GET', headers } = incoming;
    const upstream = request({ hostname, port, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  };
};
const service = (port = 80) => ({ name: 'web', nodes: [{ id: 'n', address: `10.0.0.1:${port}` }] });
async function useAll(registry: Registry): Promise<void> {
  await registry.init();
  await registry.register(service(), { ttlMs: 60_000 });
  await registry.register(service(), { ttlMs: 60_000 });
  expect((await registry.getService('web'))[0]?.nodes).toHaveLength(1);
  await registry.deregister(service());
}

/** A balancer that forgets connections: on a forgotten connection it calls `answer` for each request. */
async function balancer(
  answer: (client: Socket) => void = (client) => void client.resetAndDestroy(),
): Promise<{ readonly address: string; forget(): void; readonly opened: () => number }> {
  const { hostname, port } = new URL(`http://${server.address}`);
  const forgotten = new Set<unknown>();
  const known = new Set<unknown>();
  const tcp = createTcpServer((client) => {
    known.add(client);
    const upstream = connect(Number(port), hostname);
    upstream.pipe(client);
    client.on('data', (chunk) => {
      if (forgotten.has(client)) answer(client);
      else upstream.write(chunk);
    });
    const end = (): void => {
      upstream.destroy();
      client.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  cleanUps.push(() => tcp.close());
  return {
    address: `127.0.0.1:${(tcp.address() as AddressInfo).port}`,
    forget: () => {
      for (const client of known) forgotten.add(client);
    },
    opened: () => known.size,
  };
}

describe('a kept connection that was closed on the way', () => {
  it.each([
    ['with a reset', (client: Socket) => void client.resetAndDestroy()],
    // HAProxy does this: it writes a 408 before it closes, and the client reads the 408 as the answer.
    ['with a 408', (client: Socket) => void client.end('HTTP/1.1 408 Request Time-out\r\ncontent-length: 0\r\n\r\n')],
  ])(
    'an idle connection that was closed by %s fails no call: reads, writes and renewals use a new connection',
    async (_, answer) => {
      const lb = await balancer(answer);
      const registry = open({ addresses: [lb.address] });
      // Some of these calls send several requests at a time, so that several connections are idle afterwards.
      const calls: (() => Promise<unknown>)[] = [
        () => registry.register(service(), { ttlMs: 60_000 }),
        () => Promise.all([registry.getService('web'), registry.getService('other'), registry.listServices()]),
        () => registry.register(service(), { ttlMs: 60_000 }),
        () => registry.register(service(81), { ttlMs: 60_000 }),
        () => registry.deregister(service()),
      ];
      await registry.init();
      for (const call of calls) {
        lb.forget();
        await call();
      }
    },
  );

  it('idle connections that a firewall swallows cost one call, however many there are', async () => {
    const lb = await balancer(() => {});
    const registry = open({ addresses: [lb.address] });
    await registry.init();
    await Promise.all(Array.from({ length: 8 }, (_, index) => registry.getService(`web-${index}`)));
    lb.forget();
    await expect(registry.getService('web', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(await registry.getService('web')).toEqual([]);
  });

  it('a request is repeated only once where new connections are reset as well', async () => {
    const lb = await balancer();
    const registry = open({ addresses: [lb.address] });
    await registry.init();
    const before = lb.opened();
    const resetting = setInterval(() => lb.forget(), 1);
    cleanUps.push(() => clearInterval(resetting));
    lb.forget();
    const failure = await registry.getService('web').then(
      () => undefined,
      (error: unknown) => error,
    );
    // Whether the balancer forgets the new connection in time is chance; the number of connections that are tried is
    // not.
    if (failure !== undefined) expect(failure).toMatchObject({ code: 'UNAVAILABLE' });
    expect(lb.opened() - before).toBeLessThanOrEqual(2);
  });
});

it('an answer that changes the protocol fails the call before its deadline, since no agent gives such an answer', async () => {
  const tcp = createTcpServer((client) => {
    client.on('error', () => {});
    client.once('data', () =>
      client.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    );
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  cleanUps.push(() => tcp.close());
  const registry = open({ addresses: [`127.0.0.1:${(tcp.address() as AddressInfo).port}`] });
  await expect(registry.init()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

describe('pages', () => {
  const page =
    (status: number, headers: Readonly<Record<string, string>> = {}): RequestListener =>
    (incoming, outgoing) => {
      incoming.resume();
      outgoing.writeHead(status, { 'content-type': 'text/html', ...headers }).end('<html><h1>Front door</h1></html>');
    };

  it.each([
    [200, 'UNAVAILABLE'],
    [302, 'UNAVAILABLE'],
    [400, 'UNAVAILABLE'],
    [401, 'UNAUTHORIZED'],
    [403, 'UNAUTHORIZED'],
    [404, 'UNAVAILABLE'],
    [413, 'RESOURCE_EXHAUSTED'],
    [429, 'UNAVAILABLE'],
    [502, 'UNAVAILABLE'],
  ])('a page with status %i is %s at init and at every call', async (status, code) => {
    const registry = open({ addresses: [await listen(page(status, { location: '/elsewhere' }))] });
    for (const call of [
      () => registry.init(),
      () => registry.getService('web'),
      () => registry.register(service(), { ttlMs: 5_000 }),
    ])
      await expect(call()).rejects.toMatchObject({ code, message: expect.not.stringContaining('<') });
  });

  it('a server that answers every path with a text is refused, since it cannot be an agent', async () => {
    const registry = open({ addresses: [await listen((_, outgoing) => void outgoing.end('OK'))] });
    await expect(registry.init()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('is it a Consul agent?'),
    });
  });

  it.each(['/v1/status/leader', '/v1/health/'])(
    'a watch that %s refuses with Retry-After waits that long before its next try, and the message says so',
    async (path) => {
      const asked: number[] = [];
      const busy = page(429, { 'retry-after': '1' });
      const passOn = proxyTo(({ url }) => url);
      const address = await listen((incoming, outgoing) => {
        if (!incoming.url?.startsWith(path)) return passOn(incoming, outgoing);
        asked.push(performance.now());
        return busy(incoming, outgoing);
      });
      const registry = open({ addresses: [address] });
      const watcher = registry.watch({ name: 'web' });
      expect((await watcher.next()).value).toMatchObject({
        type: 'interrupted',
        error: { code: 'UNAVAILABLE', message: expect.stringContaining('come back in 1 s') },
      });
      await expect.poll(() => asked.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(4);
      await watcher.return();
      const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThan(990);
    },
  );
});

it('a watch does not wait for the Retry-After of an agent once that agent or another one answers', async () => {
  let isBusy = true;
  const passOn = proxyTo(({ url }) => url);
  const address = await listen((incoming, outgoing) => {
    if (isBusy) outgoing.writeHead(503, { 'retry-after': '3600' }).end();
    else passOn(incoming, outgoing);
  });
  const syncs = async (registry: Registry): Promise<unknown> => (await registry.watch({ name: 'web' }).next()).value;
  const [alone, beside] = [open({ addresses: [address] }), open({ addresses: [address, server.address] })];
  await expect(alone.init()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await beside.init();
  const startedAt = performance.now();
  expect(await syncs(beside)).toMatchObject({ type: 'synced' });
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  isBusy = false;
  await alone.init();
  const again = performance.now();
  expect(await syncs(alone)).toMatchObject({ type: 'synced' });
  expect(performance.now() - again).toBeLessThan(3_000);
});

describe('on the way to the agent', () => {
  it('an IPv6 address of an agent is used without a look-up', async () => {
    await expect(open({ addresses: ['[::1]:1'] }).init()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.not.stringContaining('ENOTFOUND'),
    });
  });

  it('a base path in the address of an agent is kept', async () => {
    const address = await listen(proxyTo(({ url = '' }) => (url.startsWith('/consul/v1/') ? url.slice(7) : undefined)));
    await useAll(open({ addresses: [`http://${address}/consul/`] }));
  });

  it('an agent on a Unix socket is reached', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-socket-'));
    cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
    const path = await listen(
      proxyTo(({ url }) => url),
      join(folder, 'consul.sock'),
    );
    expect(existsSync(path)).toBe(true);
    await useAll(open({ env: { CONSUL_HTTP_ADDR: `unix://${path}` } }));
  });

  it('a proxy that asks for a user gets the user of CONSUL_HTTP_AUTH', async () => {
    const wanted = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    const address = await listen(proxyTo(({ url, headers }) => (headers.authorization === wanted ? url : undefined)));
    await expect(open({ addresses: [address] }).init()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await useAll(open({ addresses: [address], env: { CONSUL_HTTP_AUTH: 'me:secret' } }));
  });
});
