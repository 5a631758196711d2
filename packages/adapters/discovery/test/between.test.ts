/** The programs between a registry and its server: balancers with pages of their own, proxies, TLS. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Registry, RegistryOptions } from '@rollcall/core';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DiscoveryOptions, discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

const server = new ServerProcess();
beforeAll(() => server.start());
afterAll(() => server.kill());
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function open(address: string, options: DiscoveryOptions & RegistryOptions = {}): Registry {
  const registry = discovery({ addresses: [address], ...options });
  cleanUps.push(() => registry.close({ withdraw: false }));
  return registry;
}

/** Starts a server and returns its address. */
async function listen(listener: Server): Promise<string> {
  const sockets = new Set<Socket>();
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  cleanUps.push(() => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

const web = (id = 'n') => ({ name: 'web', nodes: [{ id, address: '10.0.0.1:80' }] });
const failure = (call: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> =>
  call.then(
    () => ({ code: 'done', message: '' }),
    (error) => error,
  );

describe('a page of a balancer', () => {
  const page = (status: number, headers: Readonly<Record<string, string>> = {}, body = '<html>Bad Gateway</html>') =>
    listen(
      createServer((incoming, answer) => {
        incoming.resume();
        answer.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body);
      }),
    );

  it.each([
    [200, 'UNAVAILABLE'],
    [301, 'UNAVAILABLE'],
    [400, 'UNAVAILABLE'],
    [401, 'UNAUTHORIZED'],
    [403, 'UNAUTHORIZED'],
    [404, 'UNAVAILABLE'],
    [413, 'RESOURCE_EXHAUSTED'],
    [429, 'RESOURCE_EXHAUSTED'],
    [502, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
  ])(
    "a balancer's page with status %i makes init, reads, writes and watches fail with %s, and no message repeats its HTML",
    async (status, code) => {
      const registry = open(await page(status));
      const watcher = registry.watch({ name: 'web' });
      const told = await watcher.next();
      await watcher.return();
      const watched = told.value?.type === 'interrupted' ? told.value.error : { code: told.value?.type, message: '' };
      const failures = [
        watched,
        await failure(registry.init()),
        await failure(registry.getService('web')),
        await failure(registry.listServices()),
        await failure(registry.register(web())),
      ];
      expect(failures.map((one) => one.code)).toEqual(failures.map(() => code));
      expect(failures.filter(({ message }) => message.includes('<html'))).toEqual([]);
    },
  );

  it("a gateway's JSON with status 400 or 409 is UNAVAILABLE, since only a discovery server's 409 is a conflict", async () => {
    for (const status of [400, 404, 409]) {
      const registry = open(await page(status, { 'content-type': 'application/json' }, '{"error":"no route"}'));
      expect(await failure(registry.register(web()))).toMatchObject({ code: 'UNAVAILABLE' });
    }
  });

  it('the message of an answer with Retry-After says how long it asks to wait', async () => {
    const registry = open(await page(503, { 'retry-after': '7' }));
    expect((await failure(registry.getService('web'))).message).toContain('asks to wait 7 s');
  });
});

it('a watch that a server refuses with Retry-After waits that long before its next try', async () => {
  const asked: number[] = [];
  const busy = createServer((_, answer) => {
    asked.push(performance.now());
    answer.writeHead(503, { 'retry-after': '1' }).end();
  });
  const watcher = open(await listen(busy)).watch({ name: 'web' });
  expect((await watcher.next()).value).toMatchObject({ type: 'interrupted', error: { code: 'UNAVAILABLE' } });
  await expect.poll(() => asked.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(4);
  await watcher.return();
  const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThan(990);
});

it('the message names a server whose addresses all refuse connections', async () => {
  expect(await failure(open('localhost:1').init())).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/cannot be reached: .*ECONNREFUSED/),
  });
});

describe('TLS', () => {
  const credentials = async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
    return { key, cert };
  };

  it('plain HTTP to a TLS port gets a message that says to use https://', async () => {
    const address = await listen(createTlsServer(await credentials(), (_incoming, answer) => void answer.end('{}')));
    expect(await failure(open(address).init())).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('if the server speaks TLS there, use an https:// address'),
    });
  });

  it('plain HTTP to a TLS port of nginx gets a message that says to use https://', async () => {
    const body = '<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>';
    const address = await listen(createServer((_incoming, answer) => void answer.writeHead(400).end(body)));
    expect((await failure(open(address).init())).message).toContain('write https://');
  });

  it('the error about TLS to a port of plain HTTP says to use an http:// address', async () => {
    const registry = open(`https://${server.address}`);
    expect((await failure(registry.init())).message).toContain('use an http:// address');
  });

  it('the error about a certificate of an unknown authority names NODE_EXTRA_CA_CERTS', async () => {
    const address = await listen(createTlsServer(await credentials(), (_incoming, answer) => void answer.end('{}')));
    expect((await failure(open(`https://${address}`).init())).message).toContain('NODE_EXTRA_CA_CERTS');
  });
});

/** A balancer that forgets connections: it resets a request on a connection that was idle for longer than `idleMs`. */
function forgetful(idleMs: number): Server {
  return createTcpServer((client) => {
    const [host, port] = server.address.split(':');
    const upstream = connect(Number(port), host);
    // The time of the last answer. A connection with a request under way is not idle, however slow this machine is.
    let answeredAt = Number.POSITIVE_INFINITY;
    upstream
      .on('error', () => client.destroy())
      .on('data', () => {
        answeredAt = Date.now();
      });
    upstream.pipe(client);
    client.on('data', (bytes) => {
      if (Date.now() - answeredAt > idleMs) return void client.resetAndDestroy();
      answeredAt = Number.POSITIVE_INFINITY;
      upstream.write(bytes);
    });
    client.on('error', () => {}).on('close', () => upstream.destroy());
  });
}

it('a read, write or renewal that finds its idle connection closed is sent once more on a fresh one', async () => {
  const idleMs = 150;
  const registry = open(await listen(forgetful(idleMs)));
  const calls = [
    () => registry.getService('web'),
    () => registry.register(web('idle'), { ttlMs: 60_000 }),
    () => registry.register(web('idle'), { ttlMs: 60_000 }),
    () => registry.listServices(),
    () => registry.deregister(web('idle')),
  ];
  for (const call of calls) {
    // Several calls at once leave several idle connections, and the balancer forgets all of them.
    await Promise.all([registry.getService('a'), registry.getService('b'), registry.getService('c')]);
    await new Promise((resolve) => setTimeout(resolve, 2 * idleMs));
    await call();
    await new Promise((resolve) => setTimeout(resolve, 2 * idleMs));
  }
});

it('a call is sent once more when a balancer answers 408 because it closes an idle connection', async () => {
  let connections = 0;
  const answers = {
    right:
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 48\r\n\r\n{"code":0,"data":{"services":[],"instances":[]}}',
    late: 'HTTP/1.1 408 Request Time-out\r\ncontent-length: 6\r\ncontent-type: text/html\r\n\r\n<html>',
  };
  const listener = createTcpServer((socket) => {
    connections += 1;
    let requests = 0;
    socket
      .on('error', () => {})
      .on('data', () => {
        requests += 1;
        if (requests === 1) socket.write(answers.right);
        else socket.end(answers.late);
      });
  });
  const registry = open(await listen(listener));
  for (let read = 0; read < 3; read += 1) expect(await registry.getService('web')).toEqual([]);
  expect(connections).toBeGreaterThan(1);
});

it('idle connections that a firewall drops silently cost one call, however many there are', async () => {
  const [host = '', port] = server.address.split(':');
  const dead = new Set<Socket>();
  const alive = new Set<Socket>();
  const firewall = createTcpServer((client) => {
    alive.add(client);
    const upstream = connect(Number(port), host);
    upstream.on('error', () => {}).pipe(client);
    client.on('data', (bytes) => dead.has(client) || upstream.write(bytes));
    client.on('error', () => {}).on('close', () => upstream.destroy());
  });
  const registry = open(await listen(firewall));
  await Promise.all(Array.from({ length: 8 }, (_, index) => registry.getService(`web-${index}`)));
  for (const client of alive) dead.add(client);
  expect(await failure(registry.getService('web', { timeoutMs: 200 }))).toMatchObject({ code: 'TIMEOUT' });
  expect(await registry.getService('web')).toEqual([]);
});

it('calls and watches fail before their deadline when the answer switches to another protocol', async () => {
  const listener = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    );
  });
  const registry = open(await listen(listener));
  expect(await failure(registry.getService('web'))).toMatchObject({ code: 'UNAVAILABLE' });
  const { value } = await registry.watch({ name: 'web' }).next();
  expect(value).toMatchObject({ type: 'interrupted', error: { code: 'UNAVAILABLE' } });
});

it('the registry reaches a server behind a proxy that serves it below a path, since it keeps the base path of the address', async () => {
  const seen: string[] = [];
  const proxy = (incoming: IncomingMessage, answer: ServerResponse): void => {
    const url = incoming.url ?? '';
    seen.push(url);
    if (!url.startsWith('/team/registry/api/')) return void answer.writeHead(404).end('<html>elsewhere</html>');
    const [host = '', port] = server.address.split(':');
    const path = url.slice('/team/registry'.length);
    const headers = { ...incoming.headers, host: server.address };
    const onward = request({ host, port, path, method: incoming.method, headers }, (result) => {
      answer.writeHead(result.statusCode ?? 502, result.headers);
      result.pipe(answer);
      answer.on('close', () => result.destroy());
    });
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  };
  const address = await listen(createServer(proxy));
  for (const [index, form] of [`http://${address}/team/registry/`, `${address}/team/registry`].entries()) {
    const registry = open(form, { namespace: 'behind-a-proxy' });
    await registry.register(web(`n${index}`), { ttlMs: 60_000 });
    expect(await registry.getService('web')).toHaveLength(1);
    const watcher = registry.watch({ name: 'web' });
    expect((await watcher.next()).value).toMatchObject({ type: 'create' });
    await watcher.return();
    await registry.deregister(web(`n${index}`));
  }
  expect(seen.filter((url) => !url.startsWith('/team/registry/api/'))).toEqual([]);
});

describe('what is written', () => {
  it('a token is taken without the newline of the file that it was read from', async () => {
    const tokens: unknown[] = [];
    const listener = createServer((incoming, answer) => {
      tokens.push(incoming.headers.authorization);
      answer.writeHead(200, { 'content-type': 'application/json' }).end('{"code":0,"data":{"services":[]}}');
    });
    await open(await listen(listener), { token: 's3cret\n' }).init();
    expect(tokens).toEqual(['Bearer s3cret']);
  });

  it.each([
    ['10.9.0.7', '10.9.0.7:7171'],
    ['http://10.9.0.7', '10.9.0.7:80'],
    ['https://registry.example/team/', 'registry.example:443'],
    ['[fd00::1]:7172', '[fd00::1]:7172'],
  ])('the address %s makes the registry name the endpoint %s', (address, endpoint) => {
    const registry = open(address);
    expect(registry.endpoints).toEqual([endpoint]);
  });

  it.each(['10.9.0.7:0', 'ftp://10.9.0.7', 'http://user:secret@10.9.0.7', 'a b'])(
    'discovery() refuses the address %s with INVALID_ARGUMENT, and repeats no password',
    (address) => {
      expect(() => discovery({ addresses: [address] })).toThrowError(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.not.stringContaining('secret') }),
      );
    },
  );
});
