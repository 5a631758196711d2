/** Further cases of connections on which requests skip the HTTP parser. */
import { setTimeout as pause } from 'node:timers/promises';
import { manualClock } from '@rollcall/core/testing';
import fastify from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { anonymous } from '../../src/access/caller.ts';
import type { LateServer } from '../../src/create-server.ts';
import { OpenAnswers } from '../../src/http/open-answers.ts';
import { RepeatedHeads } from '../../src/http/repeats/repeated-heads.ts';
import type { ServerOptions } from '../../src/index.ts';
import { instance, type Running, running } from '../http.ts';
import { bare, json, Talk } from './talk.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const end of endings.splice(0).reverse()) await end();
});

async function talk(port: number): Promise<Talk> {
  const opened = await Talk.open(port);
  endings.push(() => opened.socket.destroy());
  return opened;
}

const countOf = ({ server }: Running): number => (server as LateServer).repeatedCount;

/** A connection on which the next renewal skips the parser. */
async function learned(options: ServerOptions = {}) {
  const server = await running({ clock: undefined, ...options });
  endings.push(() => server.server.close());
  const { data } = await server.register(instance({ ttlMs: 60_000 }));
  const renew = bare('PUT', `/api/leases/${data.handles[0]}`);
  const connection = await talk(server.port);
  await connection.teach(renew);
  await connection.ask(renew);
  expect(countOf(server)).toBe(1);
  return { server, renew, connection };
}

const statuses = (answers: readonly { readonly status: number }[]): readonly number[] =>
  answers.map(({ status }) => status);

describe('on a connection whose requests skip the parser', () => {
  it('pipelined requests are answered in order, and the next request on its own skips the parser again', async () => {
    const { server, renew, connection } = await learned();
    connection.socket.write(renew + bare('GET', '/healthz') + renew + bare('GET', '/nothing'));
    expect(statuses((await connection.until(7)).slice(3))).toEqual([200, 200, 200, 404]);
    expect(connection.heard()[4]?.body).toBe('{"status":"ok"}');
    const before = countOf(server);
    await connection.ask(renew);
    await connection.ask(renew);
    expect(countOf(server)).toBe(before + 1);
  });

  it('a renewal behind a request that is still being answered is answered after it', async () => {
    const { server, renew, connection } = await learned();
    connection.socket.write(bare('GET', '/api/poll?env=e&appid=other&since=1&waitMs=60000'));
    await pause(50);
    for (let count = 0; count < 3; count += 1) {
      connection.socket.write(renew);
      await pause(20);
    }
    expect(connection.heard()).toHaveLength(3);
    await server.register(instance({ appid: 'other' }));
    const [, , , poll, ...renewals] = await connection.until(7);
    expect(poll?.body).toContain('"modified"');
    expect(renewals.map(({ body }) => body.includes('"data":null'))).toEqual([true, true, true]);
  });

  it('a head that arrives in two pieces is one request, wherever it is split', async () => {
    const { renew, connection } = await learned();
    for (let at = 1; at < renew.length; at += 1) {
      const count = connection.heard().length;
      connection.socket.write(renew.slice(0, at));
      await pause(at % 8 === 0 ? 2 : 0);
      connection.socket.write(renew.slice(at));
      await connection.until(count + 1);
      await connection.ask(renew);
    }
    const heard = connection.heard();
    expect(heard).toHaveLength(3 + 2 * (renew.length - 1));
    expect(new Set(heard.map(({ body }) => body)).size).toBe(1);
  });

  it('a request and the beginning of the next in one piece are two requests', async () => {
    const { renew, connection } = await learned();
    for (const at of [1, 4, 20, renew.length - 2]) {
      const count = connection.heard().length;
      connection.socket.write(renew + renew.slice(0, at));
      await connection.until(count + 1);
      connection.socket.write(renew.slice(at) + renew);
      await connection.until(count + 3);
    }
    expect(new Set(connection.heard().map(({ body }) => body)).size).toBe(1);
  });

  it.each([
    ['of a length', (text: string) => ({ head: `Content-Length: ${text.length}`, body: text })],
    [
      'in chunks',
      (text: string) => ({
        head: 'Transfer-Encoding: chunked',
        body: `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
      }),
    ],
  ])(
    'a body %s that looks like a renewal is read as a body, although it comes in a piece of its own',
    async (_, frame) => {
      const { server, renew, connection } = await learned();
      const { head, body } = frame(renew);
      const start = `POST /api/renew HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${head}\r\n\r\n`;
      connection.socket.write(start + body.slice(0, body.indexOf('PUT')));
      await pause(50);
      connection.socket.write(renew);
      await pause(50);
      connection.socket.write(body.slice(body.indexOf('PUT') + renew.length));
      expect(statuses((await connection.until(4)).slice(3))).toEqual([400]);
      expect(connection.heard()[3]?.body).toContain('must be JSON');
      expect(countOf(server)).toBe(1);
    },
  );

  it.each([
    ['a header that is not ended', 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Rest: '],
    ['a first line that is not ended', 'GET /healthz?'],
    ['a method', 'P'],
    [
      'a chunk size',
      `POST /api/renew HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ],
  ])('the bytes of a renewal behind a part of another request belong to that request: behind %s', async (_, piece) => {
    const { server, renew, connection } = await learned();
    connection.socket.write(piece);
    await pause(50);
    connection.socket.write(renew);
    const [, , , ...answers] = await Promise.race([connection.until(4), connection.untilClosed()]);
    expect(answers.some(({ body }) => body.includes('"data":null,"epoch"'))).toBe(false);
    expect(countOf(server)).toBe(1);
  });

  it('the server learns a request as the parser read it, not as its bytes look', async () => {
    const { server, renew, connection } = await learned();
    const fake = renew.replace('PUT', 'DELETE');
    for (let round = 0; round < 3; round += 1) {
      const count = connection.heard().length;
      connection.socket.write(renew.replace(/Host.*/s, 'User-Agent: '));
      await pause(30);
      // The parser reads both pieces as one renewal, whose user agent is the first line of the second piece.
      connection.socket.write(fake);
      expect(statuses((await connection.until(count + 1)).slice(count))).toEqual([200]);
    }
    expect(statuses([await connection.ask(fake), await connection.ask(renew)])).toEqual([404, 200]);
    expect(countOf(server)).toBe(1);
  });

  it('an ambiguous request ends the connection, and a renewal behind it is not answered', async () => {
    const { server, renew, connection } = await learned();
    connection.socket.write(bare('POST', '/api/renew', 'Content-Length: 5', 'Transfer-Encoding: chunked'));
    await pause(50);
    connection.socket.write(renew);
    expect(statuses((await connection.untilClosed()).slice(3))).toEqual([400]);
    expect(countOf(server)).toBe(1);
  });

  it.each([
    ['Connection: close', 200],
    ['Connection: keep-alive, close', 200],
    ['Connection: Upgrade\r\nUpgrade: websocket', 200],
    ['Expect: 100-continue', 200],
    ['Expect: 200-ok', 417],
    ['Content-Length: 0', 200],
    ['X-Unknown: 1', 200],
    ['user-agent:no-space', 200],
  ])('an unusual header is left to the parser, however often it is sent: %s', async (header, status) => {
    const { server, renew, connection } = await learned();
    const unusual = renew.replace('\r\n\r\n', `\r\n${header}\r\n\r\n`);
    for (let turn = 0; turn < 4 && !connection.socket.destroyed; turn += 1) {
      const count = connection.heard().length;
      connection.socket.write(unusual);
      const answers = await Promise.race([connection.until(count + 1), connection.untilClosed()]);
      for (const answer of answers.slice(count)) expect(answer.status).toBe(status);
      if (header.includes('close')) await connection.closed;
    }
    const isKnown = header.startsWith('Content-Length');
    expect(countOf(server)).toBe(isKnown ? 4 : 1);
  });

  it('a request of HTTP/1.0 is answered by the parser and ends its connection', async () => {
    const { server, renew, connection } = await learned();
    connection.socket.write(renew.replace('HTTP/1.1', 'HTTP/1.0'));
    expect(statuses((await connection.untilClosed()).slice(3))).toEqual([200]);
    expect(countOf(server)).toBe(1);
  });

  it('a connection ends with its client, and a connection that is gone frees its place', async () => {
    const { server, connection } = await learned({ maxConnections: 2 });
    connection.socket.end();
    await connection.closed;
    await expect.poll(async () => (await fetch(`${server.url}/healthz`)).status).toBe(200);
    const other = await talk(server.port);
    expect((await other.ask(bare('GET', '/healthz'))).status).toBe(200);
  });
});

describe('a server that closes', () => {
  it('a server that closes ends idle connections at once', async () => {
    const { server, connection } = await learned();
    await server.server.close();
    await connection.closed;
  });

  it('a server that closes lets the framework answer a renewal, and waits for open requests', async () => {
    const { server, renew, connection } = await learned();
    const poll = await talk(server.port);
    poll.socket.write(bare('GET', '/api/poll?env=e&appid=other&since=1&waitMs=1500'));
    const half = await talk(server.port);
    const body = JSON.stringify({ instances: [instance()] });
    const register = json('POST', '/api/register', body);
    half.socket.write(register.slice(0, -10));
    await connection.ask(renew);
    const before = countOf(server);
    const closed = server.server.close();
    connection.socket.write(renew);
    half.socket.write(register.slice(-10));
    await closed;
    expect(countOf(server)).toBe(before);
    expect(statuses(await half.untilClosed())).toEqual([200]);
    await connection.closed;
  });
});

/** A server with short timeouts and one route for repeated requests, which answers with `answer`. */
async function rig(answer = '{}') {
  const timeouts = { headersTimeout: 400, connectionsCheckingInterval: 50 };
  const app = fastify({ keepAliveTimeout: 300, http: timeouts });
  app.decorateRequest('caller');
  app.addHook('onRequest', (request, _reply, done) => {
    request.caller = anonymous;
    done();
  });
  const clock = manualClock();
  const answers = new OpenAnswers(app, clock);
  const heads = new RepeatedHeads({ app, clock, answers, isCurrent: () => true, observers: [] });
  const repeats = { varies: /^\d+$/, answer: () => ({ before: answer }) };
  app.put('/leases/:handle', { config: { repeats } }, (_request, reply) => reply.type('application/json').send(answer));
  await app.listen({ port: 0, host: '127.0.0.1' });
  endings.push(() => app.close());
  const connection = await talk((app.server.address() as { port: number }).port);
  const renew = bare('PUT', '/leases/1');
  await connection.teach(renew);
  await connection.ask(renew);
  expect(heads.count).toBe(1);
  return { heads, answers, clock, connection, renew };
}

describe('the bounds of every connection', () => {
  it('a connection that is idle longer than it may be is closed, and one that is used is not', async () => {
    const { heads, connection, renew } = await rig();
    for (let turn = 0; turn < 30; turn += 1) {
      await connection.ask(renew);
      await pause(50);
    }
    expect(heads.count).toBe(31);
    const idleFrom = performance.now();
    await connection.closed;
    expect(performance.now() - idleFrom).toBeGreaterThan(200);
  });

  it('a head that does not arrive whole is cut off', async () => {
    const { connection, renew } = await rig();
    connection.socket.write(renew.slice(0, -3));
    const answers = await connection.untilClosed();
    expect(statuses(answers.slice(3))).toEqual([408]);
  });

  it('a client that does not read is cut off when its answer has not moved for ten seconds', async () => {
    const { answers, clock, connection, renew } = await rig(JSON.stringify('x'.repeat(50_000)));
    const unread = vi.spyOn(answers, 'unread');
    connection.socket.pause();
    // The client asks until the kernel takes no further answer.
    for (let turn = 0; unread.mock.calls.length === 0; turn += 1) {
      connection.socket.write(renew);
      await pause(turn % 10 === 0 ? 2 : 0);
    }
    let isGone = false;
    unread.mock.calls[0]![0].once('close', () => {
      isGone = true;
    });
    await clock.advance(9_000);
    expect(isGone).toBe(false);
    await clock.advance(6_000);
    await expect.poll(() => isGone).toBe(true);
  });

  it('while the server is closing, every request goes to the framework', async () => {
    const { heads, answers, connection, renew } = await rig();
    vi.spyOn(answers, 'isClosing', 'get').mockReturnValue(true);
    await connection.ask(renew);
    expect(heads.count).toBe(1);
  });
});
