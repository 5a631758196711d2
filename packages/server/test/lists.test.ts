import { manualClock } from '@rollcall/core/testing';
import { afterEach, expect, it } from 'vitest';
import { Snapshots } from '../src/fronts/native/snapshots.ts';
import { Roll } from '../src/roll/roll.ts';
import { instance, type Running, running } from './http.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function start(clock = manualClock()): Promise<Running> {
  const server = await running({ clock });
  endings.push(() => server.server.close());
  return server;
}

const ask = async (server: Running, path: string) =>
  ((await (await fetch(`${server.url}${path}`)).json()) as { data: Record<string, { appid?: string }[]> }).data;

it('GET /api/services names the services that can be called, after each change', async () => {
  const server = await start();
  const names = async () => (await ask(server, '/api/services?env=e')).services?.map(({ appid }) => appid).toSorted();
  await server.register(instance({ appid: 'a' }), instance({ appid: 'out', status: 2 }));
  await server.register(instance({ appid: 'url', addrs: ['grpc://h:1'] }), instance({ appid: 'none', addrs: ['?'] }));
  expect(await names()).toEqual(['a', 'url']);
  await server.register(instance({ appid: 'out', status: 1 }));
  expect(await names()).toEqual(['a', 'out', 'url']);
  await server.register(instance({ appid: 'a', status: 2 }), instance({ appid: 'late' }));
  expect(await names()).toEqual(['late', 'out', 'url']);
  const { hostname } = instance({});
  await server.ask('POST', '/api/cancel', {
    keys: ['late', 'out', 'url'].map((appid) => ({ env: 'e', appid, hostname })),
  });
  expect(await names()).toEqual([]);
});

it('a list shows the renewal times of its first read until the service changes, and exact=1 shows the present ones', async () => {
  const clock = manualClock();
  const server = await start(clock);
  const { handles } = (await server.register(instance({ ttlMs: 0 }))).data;
  const renewedAt = async (query = '') =>
    ((await ask(server, `/api/fetch?env=e&appid=web${query}`)).instances as { renewTimestamp?: number }[])[0]
      ?.renewTimestamp;
  const first = await renewedAt();
  await clock.advance(500);
  await server.ask('PUT', `/api/leases/${handles[0]}`);
  expect(await renewedAt()).toBe(first);
  expect(await renewedAt('&exact=1')).toBe((first ?? 0) + 500);
  await server.register(instance({ ttlMs: 0, version: 'next' }));
  expect(await renewedAt()).toBe((first ?? 0) + 500);
});

it('the server remembers no env that a client reads with a token for a part of every env', async () => {
  const clock = manualClock();
  const snapshots = new Snapshots(new Roll({ clock, protection: false, cpuTimeMs: () => 0, maxBytes: 1e9 }), clock);
  const view = { key: 'web-*', tag: 'x', sees: () => true };
  for (let index = 0; index < 100; index += 1) {
    snapshots.services(`env-${index}`, view);
    snapshots.of(`env-${index}`, undefined, view);
  }
  expect(snapshots.partialEnvs).toBe(100);
  await clock.advance(2_500);
  expect(snapshots.partialEnvs).toBe(0);
});
