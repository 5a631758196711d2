import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { systemClock } from '@rollcall/core/adapter';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SharedBytes } from '../src/fronts/native/watch/shared-bytes.ts';
import { WatchOutlet } from '../src/fronts/native/watch/watch-outlet.ts';
import type { ServerOptions } from '../src/index.ts';
import { Authority } from './access/certificates.ts';
import { type Raw, raw, watchHead } from './attack/raw.ts';
import { instance, type Running, running } from './http.ts';

// These tests use real sockets and megabytes of data, so their duration depends on the machine.
vi.setConfig({ testTimeout: 60_000 });

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const soon = <T>(read: () => T) => expect.poll(read, { timeout: 20_000, interval: 10 });

async function start(options: ServerOptions = {}): Promise<Running> {
  const server = await running(options);
  endings.push(() => server.server.close());
  return server;
}

async function open(port: number, bytes: string, paused = false): Promise<Raw> {
  const connection = await raw(port, bytes, paused);
  endings.push(() => connection.socket.destroy());
  return connection;
}

/** Joins the chunks of an answer. Throws when the answer is not framed as HTTP/1.1 requires. */
function unchunked(answer: string): string {
  const [head = '', rest = ''] = cut(answer, '\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(head.toLowerCase()).toContain('transfer-encoding: chunked');
  let body = '';
  for (let left = rest; left !== ''; ) {
    const [size = '', after] = cut(left, '\r\n');
    if (after === undefined) break;
    expect(size).toMatch(/^[1-9a-f][0-9a-f]*$/);
    const length = Number.parseInt(size, 16);
    body += after.slice(0, length);
    if (after.length < length + 2) break;
    expect(after.slice(length, length + 2)).toBe('\r\n');
    left = after.slice(length + 2);
  }
  return body;
}

const cut = (text: string, at: string): readonly [string, string?] => {
  const index = text.indexOf(at);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + at.length)];
};

/** The names of the events that have arrived completely, each with its version. */
const toldIn = (body: string): string[] =>
  body
    .split('\n\n')
    .slice(0, -1)
    .map((event) => {
      const [, name, data = '{}'] = /^event: (\w+)\nid: \S+\ndata: (.*)$/s.exec(event) ?? [undefined, event];
      const { version } = JSON.parse(data) as { version?: string };
      return version === undefined ? `${name}` : `${name} ${version}`;
    });

interface Register {
  register(instance: object): Promise<unknown>;
}

async function changedTwice({ register }: Register, body: () => string): Promise<void> {
  await soon(() => toldIn(body())).toEqual(['snapshot']);
  await register(instance({ version: '1' }));
  await soon(() => toldIn(body())).toEqual(['snapshot', 'put 1']);
  await register(instance({ version: '2' }));
  await soon(() => toldIn(body())).toEqual(['snapshot', 'put 1', 'put 2']);
}

describe('the bytes of a watch', () => {
  it('a watch over HTTP/1.1 sends each event as one chunk', async () => {
    const server = await start();
    const { text } = await open(server.port, watchHead('/api/watch?env=e'));
    await changedTwice(server, () => unchunked(text()));
    expect(text().match(/\r\n[0-9a-f]+\r\nevent: put\n/g)).toHaveLength(2);
  });

  it('a watch over HTTP/1.0 sends its events without chunks', async () => {
    const server = await start();
    const { text } = await open(server.port, 'GET /api/watch?env=e HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n');
    await changedTwice(server, () => cut(text(), '\r\n\r\n')[1] ?? '');
    expect(text().toLowerCase()).not.toContain('transfer-encoding');
  });

  it('a watch with `Connection: close` sends each event as one chunk', async () => {
    const server = await start();
    const head = watchHead('/api/watch?env=e').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
    const { text } = await open(server.port, head);
    await changedTwice(server, () => unchunked(text()));
  });

  it('a watch over TLS sends each event as one chunk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-watch-'));
    endings.push(() => rmSync(folder, { recursive: true, force: true }));
    const ca = await Authority.make('ours');
    const { cert, key } = await ca.sign('server');
    const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    writeFileSync(tlsCert, cert);
    writeFileSync(tlsKey, key);
    const server = await start({ tlsCert, tlsKey, clock: systemClock });
    const socket = connect({ host: '127.0.0.1', port: server.port, ca: ca.cert });
    endings.push(() => socket.destroy());
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.write(watchHead('/api/watch?env=e'));
    const register = async (one: object): Promise<void> => {
      const sent = request({
        ...{ host: '127.0.0.1', port: server.port, ca: ca.cert, method: 'POST', path: '/api/register' },
        headers: { 'content-type': 'application/json' },
      });
      sent.end(JSON.stringify({ instances: [one] }));
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      expect(answer.statusCode).toBe(200);
      answer.resume();
    };
    await changedTwice({ register }, () => unchunked(text));
  });

  it('a watch behind an unread answer on the same connection begins after that answer, with the last state', async () => {
    const server = await start();
    const filler = 'x'.repeat(1_000);
    const large = (index: number) => instance({ appid: 'large', hostname: `n${index}`, metadata: { filler } });
    for (let from = 0; from < 16_000; from += 1_000)
      await server.register(...Array.from({ length: 1_000 }, (_, index) => large(from + index)));
    const asked = watchHead('/api/fetch/all?env=e') + watchHead('/api/watch?env=e&appid=web');
    const { socket } = await open(server.port, asked, true);
    await soon(() => socket.bytesRead).toBeGreaterThan(0);
    for (const version of ['1', '2', '3']) await server.register(instance({ version }));
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.resume();
    const watched = (): string => text.slice(text.lastIndexOf('HTTP/1.1 200 OK'));
    await soon(() => watched().includes('text/event-stream')).toBe(true);
    await soon(() => unchunked(watched())).toContain('"version":"3"');
    await server.register(instance({ version: '4' }));
    await soon(() => toldIn(unchunked(watched())).at(-1)).toBe('put 4');
    expect(text.slice(0, text.lastIndexOf('HTTP/1.1 200 OK'))).toMatch(/"hostname":"n15999".*\r\n0\r\n\r\n$/s);
  });
});

/** An outlet to a client that has read everything, with a record of what the response and the socket were given. */
function outletTo({ chunkedEncoding = true } = {}) {
  const written: [by: 'response' | 'socket', bytes: Buffer][] = [];
  const socket = Object.assign(new EventEmitter(), {
    write: (bytes: Buffer) => written.push(['socket', bytes]) > 0,
    ...{ writable: true, writableNeedDrain: false },
  });
  const response = Object.assign(new EventEmitter(), {
    write: (bytes: Buffer) => written.push(['response', bytes]) > 0,
    ...{ destroyed: false, writableNeedDrain: false, writableLength: 0, chunkedEncoding },
    socket: socket as unknown as Socket | null,
  });
  return { socket, response, written, outlet: new WatchOutlet(response as unknown as ServerResponse) };
}

describe('where the bytes of a watch are written', () => {
  const shared = new SharedBytes([Buffer.from('event: a\n\n'), Buffer.from('event: b\n\n')]);

  it('a watch writes its first bytes through the response, with the headers, and later shared bytes straight to the socket', () => {
    const { outlet, written } = outletTo();
    for (let round = 0; round < 3; round += 1) outlet.write(shared);
    expect(written).toEqual([
      ['response', shared.bytes],
      ['socket', shared.chunk],
      ['socket', shared.chunk],
    ]);
    expect(written[2]?.[1]).toBe(written[1]?.[1]);
    expect(`${shared.chunk}`).toBe('14\r\nevent: a\n\nevent: b\n\n\r\n');
    expect(`${shared.bytes}`).toBe('event: a\n\nevent: b\n\n');
  });

  it.each<[string, (to: ReturnType<typeof outletTo>) => void]>([
    ['bytes wait in front of them', ({ response }) => Object.assign(response, { writableLength: 1 })],
    [
      'an earlier answer of the connection is not finished',
      ({ response }) => Object.assign(response, { socket: null }),
    ],
    ['the connection is closing', ({ socket }) => Object.assign(socket, { writable: false })],
  ])('a watch writes shared bytes through the response when %s', (_, prepare) => {
    const to = outletTo();
    to.outlet.write(shared);
    prepare(to);
    to.outlet.write(shared);
    expect(to.written.map(([by]) => by)).toEqual(['response', 'response']);
  });

  it('a WatchOutlet is blocked while its response or its socket waits for the client to read', () => {
    const { outlet, response, socket } = outletTo();
    expect(outlet.isBlocked).toBe(false);
    socket.writableNeedDrain = true;
    expect(outlet.isBlocked).toBe(true);
    socket.writableNeedDrain = false;
    response.writableNeedDrain = true;
    expect(outlet.isBlocked).toBe(true);
  });
});
