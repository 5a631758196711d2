import { manualClock } from '@rollcall/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { instance, type Running, running } from '../http.ts';
import { head, type Raw, raw, watchHead } from './raw.ts';
import { type Served, served } from './served.ts';

// These tests use real sockets and megabytes of data, so their duration depends on the machine.
vi.setConfig({ testTimeout: 120_000 });

const raws: Raw[] = [];
const open = async (port: number, bytes: string | Buffer): Promise<Raw> => {
  const connection = await raw(port, bytes);
  raws.push(connection);
  return connection;
};
afterEach(() => {
  for (const { socket } of raws.splice(0)) socket.destroy();
});

describe('a request that does not arrive', () => {
  const clock = manualClock();
  let server: Running;
  beforeEach(async () => {
    server = await running({ clock });
  });
  afterEach(() => server.server.close());

  it.each(['/api/register', '/api/renew', '/api/protection/end'])(
    'a request whose body does not arrive is cut off after 30 s: %s',
    async (path) => {
      const slow = await open(server.port, `${head('POST', path, 1_000)}{`);
      // The request must reach the server before time passes.
      await server.ask('GET', '/healthz');
      for (let second = 0; second < 31; second += 1) {
        slow.socket.write(' ');
        await clock.advance(1_000);
      }
      await slow.closed;
      expect(slow.text()).toMatch(/^HTTP\/1.1 408 /);
    },
  );

  it.each([
    ['PUT', '/api/leases', 524_289],
    ['PUT', '/api/leases/1', 4_097],
    ['POST', '/api/renew', 1_048_577],
    ['POST', '/api/cancel', 1_048_577],
    ['POST', '/api/protection/end', 4_097],
    ['POST', '/api/register', 10_485_761],
  ])('a body is refused by its length before it arrives: %s %s of %d bytes', async (method, path, length) => {
    const { closed, text } = await open(server.port, head(method, path, length));
    await closed;
    expect(text()).toMatch(/^HTTP\/1.1 413 /);
  });

  it('a body without a length is refused when it grows beyond the limit', async () => {
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
    const start =
      'PUT /api/leases HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const { closed, text } = await open(server.port, start + chunk.repeat(9));
    await closed;
    expect(text()).toMatch(/^HTTP\/1.1 413 /);
  });

  it.each([
    ['no JSON', '{"keys":', 400],
    ['nothing', '', 400],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400],
  ])('a body is refused with 400 for %s', async (_, body, status) => {
    const bytes = Buffer.concat([Buffer.from(head('POST', '/api/renew', body.length)), Buffer.from(body)]);
    const { text } = await open(server.port, bytes);
    await expect.poll(text, { timeout: 20_000 }).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('a connection that pipelines without end is cut off, and others are answered', async () => {
    const { closed, text } = await open(server.port, watchHead('/api/fetch/all?env=e').repeat(300));
    await closed;
    expect(text().split('HTTP/1.1 200').length - 1).toBeLessThanOrEqual(8);
    expect((await server.register(instance())).status).toBe(200);
  });
});

describe('a server with little memory', () => {
  let server: Served;
  beforeEach(async () => {
    server = await served(256);
  });
  afterEach(() => server.kill());

  it('a server bounds the memory of all unfinished bodies together, and answers other requests meanwhile', async () => {
    const part = Buffer.alloc(9_000_000, ' ');
    const { heap: before } = await server.inUse();
    for (let index = 0; index < 60; index += 1) {
      const connection = await open(server.port, head('POST', '/api/register', 10_000_000));
      connection.socket.write(part);
    }
    // The server has read the accepted bytes once it has answered a later request.
    for (let round = 0; round < 20; round += 1) {
      expect((await server.register(instance({ hostname: `n${round}`, ttlMs: 0 }))).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { heap: after } = await server.inUse();
    expect(after - before).toBeLessThan(300);
    expect(await server.list()).toHaveLength(20);
  });

  it('a small register is answered at once while 1,500 large bodies drip in', async () => {
    const start = `${head('POST', '/api/register', 10_000_000)}${' '.repeat(40_000)}`;
    const dripping = await Promise.all(Array.from({ length: 1_500 }, () => open(server.port, start)));
    for (let round = 0; round < 5; round += 1) {
      expect((await server.register(instance())).status).toBe(200);
      for (const { socket } of dripping) if (!socket.destroyed) socket.write(' '.repeat(100));
    }
    // The server answers 503 to the newcomers. On a slow machine the oldest bodies run out of time: they get 408.
    await expect.poll(() => dripping.some(({ text }) => /^HTTP\/1\.1 (503|408)/.test(text()))).toBe(true);
  });

  it.each([
    ['objects', () => '{}'],
    ['numbers', () => '0'],
    ['arrays in arrays', () => '['],
    ['values of an endpoint', () => '{"name":"","type":""}'],
    ['objects with unknown fields', (index: number) => `{"key${index}":1}`],
  ])('a body of many tiny %s does not block the server', async (_, item) => {
    const items = Array.from({ length: 10_400_000 / (item(0).length + 1) }, (_, index) => item(index));
    const text = `{"instances":[${items.join()}${item(0) === '[' ? '0' : ''}]}`.slice(0, 10_400_000);
    const before = server.cpuMs();
    for (let round = 0; round < 3; round += 1)
      expect((await server.ask('POST', '/api/register', text)).status).toBeOneOf([400, 413]);
    expect((server.cpuMs() - before) / 3).toBeLessThan(400);
  });

  it('an object of very many fields does not block the server', async () => {
    const fields = Array.from({ length: 99_000 }, (_, index) => `"key${index}":1`).join();
    const body = JSON.stringify({ instances: [instance({ unknown: 0 })] }).replace('"unknown":0', fields);
    const before = server.cpuMs();
    expect((await server.ask('POST', '/api/register', body)).status).toBe(200);
    expect(server.cpuMs() - before).toBeLessThan(800);
    expect(Object.keys((await server.list())[0]!)).toHaveLength(18);
  });

  it('the largest register that the contract allows does not block the server', async () => {
    const endpoints = Array.from({ length: 28 }, (_, index) => ({ name: `${index}`.padEnd(1_000, 'x') }));
    const instances = Array.from({ length: 256 }, (_, index) =>
      instance({ hostname: `n${index}`, ttlMs: 0, endpoints }),
    );
    const before = server.cpuMs();
    expect((await server.register(...instances)).status).toBe(200);
    expect(server.cpuMs() - before).toBeLessThan(1_000);
    expect(await server.list()).toHaveLength(256);
  });

  it('a server survives large registers that it refuses', async () => {
    const large = 'x'.repeat(8_000_000);
    for (let round = 0; round < 20; round += 1)
      expect((await server.register(instance({ endpoints: [{ name: large }] }))).status).toBe(400);
    expect((await server.register(instance())).status).toBe(200);
  });

  it('a connection whose headers do not arrive within 10 s is cut off', async () => {
    const opened = performance.now();
    const { closed } = await open(server.port, 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    await closed;
    expect(performance.now() - opened).toBeLessThan(20_000);
  });

  const keys = (count: number, text: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${text}-${index}`, '']));
  it.each([
    ['60 keys of its own', (text: string) => ({ metadata: keys(60, text) })],
    ['200 tiny endpoints', () => ({ endpoints: Array.from({ length: 200 }, (_, index) => ({ name: `${index}` })) })],
    [
      'many tiny values',
      () => ({
        endpoints: [{ name: 'e', request: { name: '', type: '', values: Array(150).fill({ name: '', type: '' }) } }],
      }),
    ],
    ['keys of its own in endpoints', (text: string) => ({ endpoints: [{ name: 'e', metadata: keys(60, text) }] })],
    ['nothing, in a service of its own', (text: string) => ({ appid: text })],
  ])(
    'a server refuses instances because its roll is full before its heap is, where each instance has %s',
    async (_, more) => {
      const small = await served(160);
      try {
        let filled = { status: 200, message: '' };
        for (let from = 0; filled.status === 200; from += 200)
          filled = await small.register(
            ...Array.from({ length: 200 }, (_, index) =>
              instance({ hostname: `n${from + index}`, ttlMs: 0, ...more(`s${from + index}`) }),
            ),
          );
        expect(filled).toMatchObject({ status: 413, message: expect.stringContaining('the roll is full') });
        expect((await small.inUse()).heap).toBeLessThan(160);
      } finally {
        small.kill();
      }
    },
  );

  it('a full roll refuses new instances and goes on with listed ones', async () => {
    const endpoints = Array.from({ length: 28 }, (_, index) => ({ name: `${index}`.padEnd(1_000, 'x') }));
    const batch = (from: number) =>
      Array.from({ length: 100 }, (_, index) => instance({ hostname: `n${from + index}`, ttlMs: 0, endpoints }));
    const first = await server.register(instance({ hostname: 'first', ttlMs: 0 }));
    let filled = await server.register(...batch(0));
    for (let from = 100; filled.status === 200 && from < 20_000; from += 100)
      filled = await server.register(...batch(from));
    expect(filled).toMatchObject({ status: 413, message: expect.stringMatching(/the roll is full: .* larger heap/) });
    expect((await server.list()).length).toBeGreaterThan(500);
    const renewed = await server.ask('PUT', `/api/leases/${first.data.handles[0]}`);
    expect([renewed.status, (await server.register(...batch(0))).status]).toEqual([200, 200]);
    const keys = batch(0).map(({ env, appid, hostname }) => ({ env, appid, hostname }));
    await server.ask('POST', '/api/cancel', { keys });
    expect((await server.register(...batch(50_000))).status).toBe(200);
  });
});
