import { once } from 'node:events';
import { manualClock } from '@rollcall/core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { instance, type Running, running, watch } from '../http.ts';
import { type Raw, raw, watchHead } from './raw.ts';
import { type Served, served } from './served.ts';

// These tests use real sockets and megabytes of data, so their duration depends on the machine.
vi.setConfig({ testTimeout: 120_000 });

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function start(clock = manualClock()): Promise<Running> {
  const server = await running({ clock });
  endings.push(() => server.server.close());
  return server;
}

async function silent(server: { port: number }, path: string): Promise<Raw> {
  const connection = await raw(server.port, watchHead(path), true);
  endings.push(() => connection.socket.destroy());
  return connection;
}

/** A node of about `bytes`. */
const large = (hostname: string, bytes: number, version = '1') =>
  instance({
    ...{ hostname, version, ttlMs: 0 },
    endpoints: Array.from({ length: Math.floor(bytes / 1_000) }, (_, index) => ({ name: `${index}`.padEnd(980, '.') })),
  });

describe('a watch that was away', () => {
  it.each([
    [800, 'the last change of each node'],
    [1_600, 'a snapshot, since the log does not reach back'],
  ])('a watch that resumes after %d changes of 25 KB hears %s', async (changes, what) => {
    const server = await start();
    const nodes = Array.from({ length: 20 }, (_, index) => `n${index}`);
    await server.register(...nodes.map((id) => large(id, 25_000)));
    const first = watch(`${server.url}/api/watch?env=e`);
    const { id } = (await first.next()).value!;
    await first.return(undefined);
    for (let round = 1; round <= changes / 20; round += 1)
      await server.register(...nodes.map((hostname) => large(hostname, 25_000, `v${round}`)));
    const told: [string, string][] = [];
    let isSnapshot = false;
    for await (const { event, data } of watch(`${server.url}/api/watch?env=e`, { 'last-event-id': id })) {
      isSnapshot = event === 'snapshot';
      for (const one of isSnapshot ? data.instances : event === 'put' ? [data] : [])
        told.push([one.hostname, one.version]);
      if (event !== 'put') break;
    }
    expect(told).toEqual(nodes.map((node) => [node, `v${changes / 20}`]));
    expect(isSnapshot).toBe(what.startsWith('a snapshot'));
  });

  it('a resumed watch hears the last change of each node, in order, and then the event current', async () => {
    const server = await start();
    await server.register(...['a', 'b', 'c'].map((hostname) => instance({ hostname })));
    const first = watch(`${server.url}/api/watch?env=e`);
    const { id } = (await first.next()).value!;
    await first.return(undefined);
    for (const version of ['1', '2', '3']) await server.register(instance({ hostname: 'a', version }));
    await server.register(instance({ hostname: 'b', version: '1' }));
    await server.ask('POST', '/api/cancel', { keys: [{ env: 'e', appid: 'web', hostname: 'b' }] });
    const second = watch(`${server.url}/api/watch?env=e`, { 'last-event-id': id });
    const told: unknown[] = [];
    for await (const { event, data } of second) {
      told.push([event, data.hostname, data.version]);
      if (event === 'current') break;
    }
    expect(told).toEqual([
      ['put', 'a', '3'],
      ['remove', 'b', undefined],
      ['current', undefined, undefined],
    ]);
  });

  it('a resumed watch hears a snapshot where that is smaller than the changes', async () => {
    const server = await start();
    await server.register(large('stays', 30_000));
    const first = watch(`${server.url}/api/watch?env=e`);
    const { id } = (await first.next()).value!;
    await first.return(undefined);
    for (let index = 0; index < 5; index += 1) await server.register(large(`n${index}`, 30_000));
    const second = watch(`${server.url}/api/watch?env=e`, { 'last-event-id': id });
    // Five of six nodes changed: their changes are smaller than the snapshot.
    expect((await second.next()).value).toMatchObject({ event: 'put', data: { hostname: 'n0' } });
    await second.return(undefined);
    const keys = ['stays', 'n0', 'n1', 'n2', 'n3'].map((hostname) => ({ env: 'e', appid: 'web', hostname }));
    for (const hostname of ['n0', 'n1', 'n2', 'n3', 'n4']) await server.register(large(hostname, 30_000, '2'));
    await server.register(...Array.from({ length: 6 }, (_, index) => large(`m${index}`, 30_000)));
    await server.ask('POST', '/api/cancel', { keys });
    const third = watch(`${server.url}/api/watch?env=e`, { 'last-event-id': id });
    const told: string[] = [];
    for await (const { event } of third) {
      told.push(event);
      if (event === 'current' || event === 'snapshot') break;
    }
    expect(told.filter((event) => event === 'put').length).toBeLessThanOrEqual(7);
  });
});

describe('a large roll', () => {
  it('a roll of 20,000 instances and 21 MB can be watched', async () => {
    const server = await start();
    for (let index = 0; index < 20_000; index += 500) {
      const batch = Array.from({ length: 500 }, (_, offset) =>
        instance({ hostname: `n${index + offset}`, ttlMs: 0, metadata: { filler: 'x'.repeat(650) } }),
      );
      expect((await server.register(...batch)).status).toBe(200);
    }
    const events = watch(`${server.url}/api/watch?env=e`);
    const { event, data } = (await events.next()).value!;
    expect(event).toBe('snapshot');
    expect(new Set(data.instances.map(({ hostname }: { hostname: string }) => hostname)).size).toBe(20_000);
    await server.register(instance({ hostname: 'next', ttlMs: 0 }));
    expect((await events.next()).value).toMatchObject({ event: 'put', data: { hostname: 'next' } });
    await events.return(undefined);
    expect(await server.list()).toHaveLength(20_001);
  });
});

describe('a watcher that does not read', () => {
  it('a watcher that reads nothing for five heartbeats is cut off, and a slow one hears the last state', async () => {
    const clock = manualClock();
    const server = await start(clock);
    const frozen = await silent(server, '/api/watch?env=e');
    const slow = watch(`${server.url}/api/watch?env=e`);
    await slow.next();
    // The changes exceed what the kernel's buffers hold.
    const last = 100;
    for (let round = 0; round <= last; round += 1) {
      const nodes = Array.from({ length: 10 }, (_, index) => large(`n${index}`, 30_000, `v${round}`));
      await server.register(...nodes);
    }
    const versions = new Map<string, string>();
    while (new Set(versions.values()).size !== 1 || !versions.has('n9') || versions.get('n0') !== `v${last}`) {
      // Time passes while the slow watcher reads.
      await clock.advance(100);
      const { event, data } = (await slow.next()).value!;
      for (const { hostname, version } of event === 'snapshot' ? data.instances : [data])
        versions.set(hostname, version);
    }
    await slow.return(undefined);
    for (let step = 0; step < 8; step += 1) await clock.advance(2_000);
    frozen.socket.resume();
    await frozen.closed;
  });

  it('a reader that reads nothing of an ordinary answer is cut off, and a slow reader is served', async () => {
    const clock = manualClock();
    const server = await start(clock);
    for (let index = 0; index < 400; index += 50)
      await server.register(...Array.from({ length: 50 }, (_, offset) => large(`n${index + offset}`, 30_000)));
    const frozen = await silent(server, '/api/fetch/all?env=e');
    await server.list();
    for (let step = 0; step < 8; step += 1) await clock.advance(2_000);
    frozen.socket.resume();
    await frozen.closed;
  });

  it('300 watchers that read nothing cost one chunk each, while a roll of 7 MB changes all the time', async () => {
    const server: Served = await served();
    endings.push(() => server.kill());
    for (let index = 0; index < 240; index += 60)
      await server.register(...Array.from({ length: 60 }, (_, offset) => large(`n${index + offset}`, 30_000)));
    const { heap: before } = await server.inUse();
    for (let index = 0; index < 300; index += 1) {
      await silent(server, '/api/watch?env=e');
      if (index % 10 === 0) await server.register(large('n0', 30_000, `v${index}`));
    }
    for (let round = 0; round < 20; round += 1) await server.register(large(`n${round}`, 30_000, 'last'));
    const { heap: after } = await server.inUse();
    expect(after - before).toBeLessThan(400);
    const good = watch(`${server.url}/api/watch?env=e`);
    expect((await good.next()).value!.data.instances).toHaveLength(240);
    await good.return(undefined);
  });
});

describe('an answer that is not read', () => {
  it.each(['/api/services?env=e', '/api/status', '/api/fetch/all?env=e'])(
    'an answer that is not read costs one chunk of memory, however large it is: %s on 200 connections',
    async (path) => {
      const server = await served();
      endings.push(() => server.kill());
      for (let round = 0; round < 16; round += 1) {
        const of = (index: number) => ({
          env: index % 2 === 0 ? 'e' : `e${round}-${index}`,
          appid: `a${round}-${index}`,
        });
        const nodes = Array.from({ length: 1_000 }, (_, index) => instance({ ...of(index), ttlMs: 0 }));
        expect((await server.register(...nodes)).status).toBe(200);
      }
      const { heap: before } = await server.inUse();
      const asked = watchHead(path).repeat(8);
      for (let index = 0; index < 200; index += 1) {
        const { socket } = await raw(server.port, asked, true);
        endings.push(() => socket.destroy());
        if (index % 20 === 0) await server.register(instance({ version: `${index}` }));
      }
      await server.register(instance({ version: 'last' }));
      const { heap: after } = await server.inUse();
      expect(after - before).toBeLessThan(250);
    },
  );

  it('an answer whose reader goes away leaves nothing in memory', async () => {
    const server = await served();
    endings.push(() => server.kill());
    await server.register(...Array.from({ length: 200 }, (_, index) => large(`n${index}`, 30_000)));
    const leave = async (times: number): Promise<void> => {
      for (let round = 0; round < times; round += 1) {
        const { socket } = await raw(server.port, watchHead(pathOf(round)));
        await once(socket, 'data');
        socket.destroy();
        if (round % 5 === 0) await server.register(large('n0', 30_000, `v${round}`));
      }
    };
    const pathOf = (round: number): string => (round % 2 === 0 ? '/api/fetch/all?env=e' : '/api/watch?env=e');
    await leave(50);
    const { heap: before } = await server.inUse();
    await leave(200);
    const { heap: after } = await server.inUse();
    expect(after - before).toBeLessThan(100);
  });
});

describe('many watchers', () => {
  it('each of many watchers costs only a few socket writes when many instances change at once', async () => {
    const server = await served();
    endings.push(() => server.kill());
    const connections = await Promise.all(
      Array.from({ length: 300 }, () => raw(server.port, watchHead('/api/watch?env=e'))),
    );
    endings.push(() => connections.forEach(({ socket }) => void socket.destroy()));
    await expect
      .poll(() => connections.every(({ text }) => text().includes('event: snapshot')), { timeout: 20_000 })
      .toBe(true);
    const before = server.cpuMs();
    const nodes = Array.from({ length: 1_000 }, (_, index) => instance({ hostname: `n${index}`, ttlMs: 0 }));
    await server.register(...nodes);
    await expect.poll(() => connections.every(({ text }) => text().includes('"n999"')), { timeout: 20_000 }).toBe(true);
    const spent = server.cpuMs() - before;
    for (const { text } of connections) expect(text().split('event: put').length).toBe(1_001);
    expect(spent).toBeLessThan(900);
  });
});

describe('the answer to a watch', () => {
  it('the answer to a watch tells proxies not to buffer it, and its HEAD ends', async () => {
    const server = await start();
    const response = await fetch(`${server.url}/api/watch?env=e`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const control = new AbortController();
    const stream = await fetch(`${server.url}/api/watch?env=e`, { signal: control.signal });
    expect(stream.headers.get('x-accel-buffering')).toBe('no');
    control.abort();
  });

  it('HEAD of a list has its headers and no body', async () => {
    const server = await start();
    await server.register(...Array.from({ length: 10 }, (_, index) => large(`n${index}`, 30_000)));
    const response = await fetch(`${server.url}/api/fetch/all?env=e`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});
