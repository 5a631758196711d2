import { manualClock } from '@rollcall/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Change } from '../../src/roll/followers.ts';
import { Roll } from '../../src/roll/roll.ts';
import { instance, type Running, running, watch } from '../http.ts';

// These tests use real sockets and megabytes of data, so their duration depends on the machine.
vi.setConfig({ testTimeout: 120_000 });

const clock = manualClock();
let server: Running;
beforeEach(async () => {
  server = await running({ clock });
});
afterEach(() => server.server.close());

const nested = (depth: number): string => `${'{"x":'.repeat(depth)}1${'}'.repeat(depth)}`;
const withText = (over: object, placeholder: string, text: string): string =>
  JSON.stringify({ instances: [instance(over)] }).replace(`"${placeholder}"`, text);

describe('what is stored', () => {
  it.each([
    ['an endpoint', { endpoints: [{ name: 'x', unknown: 'DEEP' }] }],
    ['a value of an endpoint', { endpoints: [{ name: 'x', request: { name: 'a', type: 'b', unknown: 'DEEP' } }] }],
    ['the instance', { unknown: 'DEEP' }],
  ])('an unknown field of %s that is nested 5,000 deep is dropped, and watchers go on', async (_, over) => {
    const events = watch(`${server.url}/api/watch?env=e`);
    await events.next();
    for (let round = 0; round < 2; round += 1) {
      const body = withText({ ...over, version: `${round}` }, 'DEEP', nested(5_000));
      expect((await server.ask('POST', '/api/register', body)).status).toBe(200);
      expect((await events.next()).value).toMatchObject({ event: 'put', data: { version: `${round}` } });
    }
    expect(JSON.stringify(await server.list())).not.toContain('unknown');
    await events.return(undefined);
  });

  it('a register with endpoint values nested deeper than eight is refused', async () => {
    const values = (depth: number): object => ({
      name: 'a',
      type: 'b',
      values: depth === 1 ? [] : [values(depth - 1)],
    });
    const endpoints = (depth: number) => [{ name: 'x', response: values(depth) }];
    expect((await server.register(instance({ endpoints: endpoints(9) }))).status).toBe(400);
    expect((await server.register(instance({ endpoints: endpoints(8) }))).status).toBe(200);
  });

  it.each([
    ['an endpoint name', { endpoints: [{ name: 'n'.repeat(32_769) }] }, 400],
    ['a type', { endpoints: [{ name: 'x', request: { name: 'a', type: 't'.repeat(40_000) } }] }, 400],
    ['endpoints that are small one by one', { endpoints: Array(250).fill({ name: 'n'.repeat(200) }) }, 413],
    ['metadata that is small pair by pair', { metadata: pairs('é'.repeat(500), 40) }, 413],
  ])('a register with one node that is too large by %s is refused as a whole', async (_, over, status) => {
    const answer = await server.register(instance({ hostname: 'small' }), instance(over));
    expect(answer.status).toBe(status);
    expect(answer.message).toMatch(status === 413 ? /node a of web is \d+ bytes .*32768/ : /at most 32768 bytes/);
    expect(await server.list()).toEqual([]);
  });

  it('the limit of metadata counts bytes, not characters', async () => {
    expect((await server.register(instance({ metadata: { k: 'é'.repeat(512) } }))).status).toBe(200);
    const answer = await server.register(instance({ metadata: { k: 'é'.repeat(513) } }));
    expect(answer).toMatchObject({ status: 400, message: expect.stringMatching(/metadata\/k .*1024 bytes, got 1026/) });
  });

  it.each([
    ['metadata', { metadata: { k: 'LONE' } }],
    ['serviceMetadata', { serviceMetadata: { k: 'LONE' } }],
    ['an endpoint name', { endpoints: [{ name: 'LONE' }] }],
    ['an address', { addrs: ['LONE'] }],
  ])('a register with a lone surrogate in %s is refused', async (_, over) => {
    expect((await server.ask('POST', '/api/register', withText(over, 'LONE', '"a\\ud800b"'))).status).toBe(400);
    expect((await server.ask('POST', '/api/register', withText(over, 'LONE', '"a\\ud83d\\ude00b"'))).status).toBe(200);
  });
});

function pairs(value: string, count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
}

describe('followers of the roll', () => {
  it('a failing follower does not stop the roll, its leases or other followers', async () => {
    const roll = new Roll({ cpuTimeMs: () => 0, maxBytes: 1e9, clock, protection: false });
    const told: Change['type'][] = [];
    let failures = 0;
    roll.follow({
      changed: () => {
        throw new Error('full');
      },
      failed: () => {
        failures += 1;
        throw new Error('again');
      },
    });
    roll.follow({ changed: ({ type }) => void told.push(type), failed: () => {} });
    const registration = { env: 'e', service: 'web', id: 'a', addresses: ['h:1'], ttlMs: 1_000, renewIntervalMs: 500 };
    const [lease] = roll.register([registration]);
    expect(roll.renew(lease!.handle)).toBe('renewed');
    await clock.advance(500);
    for (let step = 0; step < 6; step += 1) await clock.advance(100);
    expect(roll.instances('e')).toEqual([]);
    expect(told).toEqual(['put', 'put', 'remove']);
    expect(failures).toBe(3);
    roll.close();
  });
});

describe('numbers that a client chooses', () => {
  it('the timestamp of a client whose clock is far ahead locks an id for a minute, not for ever', async () => {
    expect((await server.register(instance({ dirtyTimestamp: 1e308 }))).status).toBe(400);
    await server.register(instance({ dirtyTimestamp: clock.wallNow() + 86_400_000, version: 'ahead', ttlMs: 0 }));
    await server.register(instance({ dirtyTimestamp: clock.wallNow(), version: 'ignored', ttlMs: 0 }));
    expect(await server.list()).toMatchObject([{ version: 'ahead' }]);
    for (let step = 0; step < 60; step += 1) await clock.advance(1_000);
    await server.register(instance({ dirtyTimestamp: clock.wallNow(), version: 'mine', ttlMs: 0 }));
    expect(await server.list()).toMatchObject([{ version: 'mine' }]);
  });

  it.each([1e-320, 0.001, 99.9])(
    'a renew interval of %d ms counts as 100 ms, so that the expected number of renewals is finite',
    async (ms) => {
      await server.register(instance({ renewIntervalMs: ms }));
      expect(await server.list()).toMatchObject([{ renewIntervalMs: 100 }]);
      const { data } = await server.ask<{ environments: object[] }>('GET', '/api/status?env=e');
      expect(data.environments).toMatchObject([{ renewsExpected: 600 }]);
    },
  );

  it('TTLs and renew intervals are rounded up to 100 ms, also those of a renewal', async () => {
    const { data } = await server.register(instance({ ttlMs: 2_901, renewIntervalMs: 901 }));
    expect(await server.list()).toMatchObject([{ ttlMs: 3_000, renewIntervalMs: 1_000 }]);
    await server.ask('PUT', '/api/leases', [[data.handles[0], 4_001, 1_101.5]]);
    expect(await server.list()).toMatchObject([{ ttlMs: 4_100, renewIntervalMs: 1_200 }]);
  });

  it('a cancel without keys and handles is answered with 400', async () => {
    for (const body of [{ x: 1 }, {}, { key: [] }])
      expect((await server.ask('POST', '/api/cancel', body)).status).toBe(400);
  });
});

describe('many environments', () => {
  it('a server forgets an empty environment', async () => {
    await server.register(instance({ env: 'gone' }), instance({ env: 'stays' }));
    await server.ask('POST', '/api/cancel', { keys: [{ env: 'gone', appid: 'web', hostname: 'a' }] });
    const { data } = await server.ask<{ environments: { env: string }[] }>('GET', '/api/status');
    expect(data.environments.map(({ env }) => env)).toEqual(['stays']);
  });

  it('a renewal costs as much with 5,000 environments and intervals as with one', () => {
    const perRenewal = (environments: number): number => {
      const roll = new Roll({ cpuTimeMs: () => 0, maxBytes: 1e9, clock, protection: true });
      const lease = (index: number) => ({ ttlMs: 100_000 + index * 100, renewIntervalMs: 30_000 + index * 100 });
      const registrations = Array.from({ length: environments }, (_, index) => ({
        ...{ env: `e${index}`, service: 'web', id: 'a', addresses: ['h:1'] },
        ...lease(index),
      }));
      const [{ handle } = { handle: 0 }] = roll.register(registrations);
      const renewal = (): void => void roll.renew(handle);
      for (let warm = 0; warm < 2_000; warm += 1) renewal();
      const started = performance.now();
      for (let turn = 0; turn < 2_000; turn += 1) renewal();
      roll.close();
      return (performance.now() - started) / 2_000;
    };
    expect(perRenewal(1)).toBeLessThan(1);
    // A look at each environment would take several milliseconds.
    expect(perRenewal(5_000)).toBeLessThan(1);
  });

  it('a renewal of 10,000 unknown keys is answered at once, and none of their environments is remembered', async () => {
    await server.register(...Array.from({ length: 500 }, (_, index) => instance({ env: `e${index}` })));
    const keys = Array.from({ length: 10_000 }, (_, index) => ({ env: `x${index}`, appid: 'web', hostname: 'a' }));
    const started = performance.now();
    const { data } = await server.ask<{ statuses: number[] }>('POST', '/api/renew', { keys });
    expect(new Set(data.statuses)).toEqual(new Set([404]));
    expect((await server.ask<{ cancelled: number }>('POST', '/api/cancel', { keys })).data.cancelled).toBe(0);
    expect(performance.now() - started).toBeLessThan(2_000);
    const { data: status } = await server.ask<{ environments: object[] }>('GET', '/api/status');
    expect(status.environments).toHaveLength(500);
  });
});

describe('an id that is taken', () => {
  it('a former holder may register an id again once the present holder has expired, although protection keeps it listed', () => {
    let now = 0;
    const manual = { ...clock, now: () => now, setTimer: () => () => {} };
    const roll = new Roll({ cpuTimeMs: () => 0, maxBytes: 1e9, clock: manual, protection: true });
    const of = (id: string) => ({
      env: 'e',
      service: 'web',
      id,
      addresses: ['h:1'],
      ttlMs: 1_000,
      renewIntervalMs: 500,
    });
    const pass = (ms: number): void => {
      for (const until = now + ms; now < until; now += 100) roll.settle();
    };
    roll.register([of('b'), of('c'), of('d')]);
    const loser = roll.register([of('a')])[0]!.handle;
    roll.register([of('a')]);
    expect(roll.renew(loser)).toBe('taken');
    pass(900);
    expect(roll.renew(loser)).toBe('taken');
    pass(300);
    // Four of four instances are silent: protection keeps them.
    expect(roll.instances('e').map(({ id, late }) => [id, late])).toContainEqual(['a', true]);
    expect(roll.renew(loser)).toBe('unknown');
    const again = roll.register([of('a')])[0]!.handle;
    expect(roll.renew(again)).toBe('renewed');
    expect(roll.renew(loser)).toBe('taken');
    roll.close();
  });
});
