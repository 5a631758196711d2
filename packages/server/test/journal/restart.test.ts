import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manualClock } from '@rollcall/core/testing';
import fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { Readiness } from '../../src/http/readiness.ts';
import { createServer } from '../../src/index.ts';
import { restoreBackup } from '../../src/journal/restore-backup.ts';
import { instance, type Running, running, watch } from '../http.ts';
import { newFolder, removeFolders } from './folders.ts';

const open: Running[] = [];
afterEach(async () => {
  for (const { server } of open.splice(0)) await server.close();
  removeFolders();
});

async function start(dataDir: string, over: object = {}) {
  const clock = manualClock();
  const server = await running({ dataDir, clock, warmUpMs: 60_000, ...over });
  open.push(server);
  const raw = async (path: string) => (await fetch(`${server.url}${path}`)).json() as Promise<Record<string, unknown>>;
  return { ...server, clock, raw };
}

/** The next events of a watch. */
async function events(url: string, lastEventId: string | undefined, count: number) {
  const told: { event: string; id: string; data: object }[] = [];
  for await (const event of watch(url, lastEventId === undefined ? {} : { 'last-event-id': lastEventId })) {
    told.push(event);
    if (told.length === count) return told;
  }
  return told;
}

describe('a server that is started again on its data folder', () => {
  it('a restarted server has the roll, epoch, revision and handles, does not warm, and says that it is durable', async () => {
    const folder = newFolder();
    const first = await start(folder);
    const { data, ...before } = await first.register(instance(), instance({ hostname: 'b', metadata: { k: 'v' } }));
    expect(await first.raw('/api/fetch/all?env=e')).toMatchObject({ warming: true, durable: true });
    const list = await first.list();
    await first.server.close();
    const second = await start(folder);
    expect(await second.list()).toEqual(list);
    const answer = await second.raw('/api/fetch/all?env=e');
    expect(answer).toMatchObject({ epoch: before.epoch, revision: before.revision, durable: true });
    expect(answer).not.toHaveProperty('warming');
    const [a, b] = data.handles;
    const renewal = await second.ask<{ statuses: number[] }>('PUT', '/api/leases', [a, b, a! + 1_000]);
    expect(renewal.data.statuses).toEqual([200, 200, 404]);
    const { data: next } = await second.register(instance({ hostname: 'c' }));
    expect(data.handles).not.toContain(next.handles[0]);
  });

  it('a restarted server still knows which handles were taken over', async () => {
    const folder = newFolder();
    const first = await start(folder);
    const [old] = (await first.register(instance())).data.handles;
    await first.register(instance({ addrs: ['10.0.0.2:80'] }));
    await first.server.close();
    const second = await start(folder);
    expect((await second.ask<{ statuses: number[] }>('PUT', '/api/leases', [old])).data.statuses).toEqual([409]);
  });

  it('a restarted server lets a watch resume with the missed changes, without a snapshot', async () => {
    const folder = newFolder();
    const first = await start(folder);
    await first.register(instance());
    const [snapshot] = await events(`${first.url}/api/watch?env=e`, undefined, 1);
    await first.register(instance({ hostname: 'b' }));
    await first.server.close();
    const second = await start(folder);
    const told = await events(`${second.url}/api/watch?env=e`, snapshot!.id, 2);
    expect(told.map(({ event, data }) => [event, (data as { hostname?: string }).hostname])).toEqual([
      ['put', 'b'],
      ['current', undefined],
    ]);
  });

  it('a restarted server begins leases anew at their full TTL, and evicts instances that stay silent', async () => {
    const folder = newFolder();
    const first = await start(folder);
    await first.register(instance());
    await first.clock.advance(2_900);
    await first.server.close();
    const second = await start(folder);
    await second.clock.advance(2_900);
    expect(await second.list()).toHaveLength(1);
    await second.clock.advance(200);
    await expect.poll(() => second.list()).toEqual([]);
  });

  it('an instance that was late before a restart is late until it renews', async () => {
    const folder = newFolder();
    const first = await start(folder, { protection: 'on' });
    const { data } = await first.register(instance(), instance({ hostname: 'b' }), instance({ hostname: 'c' }));
    await first.clock.advance(1_200);
    await first.ask('PUT', '/api/leases', [data.handles[0]]);
    await first.clock.advance(200);
    const late = (list: Record<string, unknown>[]) => list.flatMap(({ hostname, late }) => (late ? [hostname] : []));
    await expect.poll(async () => late(await first.list())).toEqual(['b', 'c']);
    const status = await first.raw('/api/status');
    await first.server.close();
    const second = await start(folder, { protection: 'on' });
    expect(late(await second.list())).toEqual(['b', 'c']);
    const { environments } = (await second.raw('/api/status')).data as { environments: object[] };
    expect(environments).toMatchObject(
      (status.data as { environments: { missing: number; considered: number }[] }).environments.map(
        ({ missing, considered }) => ({ missing, considered, late: 2 }),
      ),
    );
    await second.ask('PUT', '/api/leases', [data.handles[1]]);
    await expect.poll(async () => late(await second.list())).toEqual(['c']);
  });

  it('a server tells since when self-protection is on, also after it was killed', async () => {
    const folder = newFolder();
    const first = await start(folder, { protection: 'on' });
    await first.register(instance(), instance({ hostname: 'b' }), instance({ hostname: 'c' }));
    const since = async ({ raw }: Awaited<ReturnType<typeof start>>) =>
      ((await raw('/api/status')).data as { environments: { since?: number }[] }).environments[0]?.since;
    await first.clock.advance(1_300);
    await expect.poll(() => since(first)).toBeDefined();
    const told = await since(first);
    // When this register is answered, the state is written too. A copy of the folder then equals the folder after a
    // power cut.
    await first.register(instance({ env: 'other' }));
    const left = newFolder();
    cpSync(folder, left, { recursive: true });
    const later = manualClock();
    await later.advance(600_000);
    const second = await start(left, { protection: 'on', clock: later });
    expect(await since(second)).toBe(told);
  });

  it('a server on a copy of the folder warms in a new epoch, and takes no earlier cursor or handle', async () => {
    const folder = newFolder();
    const first = await start(folder);
    const { data, epoch } = await first.register(instance());
    await first.server.close();
    const copy = newFolder();
    cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
    const second = await start(copy);
    expect(await second.list()).toMatchObject([{ hostname: 'a' }]);
    expect(await second.raw('/api/services?env=e')).toMatchObject({
      epoch: expect.not.stringMatching(epoch),
      warming: true,
    });
    expect((await second.ask<{ statuses: number[] }>('PUT', '/api/leases', data.handles)).data.statuses).toEqual([404]);
    const [event] = await events(`${second.url}/api/watch?env=e`, `${epoch}:1`, 1);
    expect(event!.event).toBe('snapshot');
    // Once a server has started on the copy, the copy is a folder of its own.
    await second.server.close();
    const third = await start(copy);
    expect(await third.raw('/api/services?env=e')).toMatchObject({ epoch: event!.id.split(':')[0] });
  });

  it('a server starts from a backup that was made while another server ran', async () => {
    const first = await start(newFolder());
    await first.register(instance());
    const backup = Buffer.from(await (await fetch(`${first.url}/api/backup`)).arrayBuffer());
    await first.register(instance({ hostname: 'later' }));
    const folder = join(newFolder(), 'new');
    mkdirSync(folder);
    writeFileSync(join(folder, 'roll.db'), backup);
    const second = await start(folder);
    expect((await second.list()).map(({ hostname }) => hostname)).toEqual(['a']);
  });

  it('a backup that was made during registrations has all that was acknowledged before it began, as of one moment', async () => {
    const first = await start(newFolder());
    let acknowledged = 0;
    let isOver = false;
    // The calls come in turn: each is acknowledged before the next one begins.
    const registering = (async () => {
      for (let count = 0; !isOver; count += 1) {
        await first.register(instance({ hostname: `n${count}` }));
        acknowledged = count + 1;
      }
    })();
    await expect.poll(() => acknowledged, { timeout: 20_000 }).toBeGreaterThan(50);
    const before = acknowledged;
    const backup = Buffer.from(await (await fetch(`${first.url}/api/backup`)).arrayBuffer());
    isOver = true;
    await registering;
    const file = join(newFolder(), 'roll.bak');
    writeFileSync(file, backup);
    const folder = newFolder();
    const restored = await restoreBackup(file, folder);
    const second = await start(folder);
    const ids = new Set((await second.list()).map(({ hostname }) => hostname));
    expect(restored).toBeGreaterThanOrEqual(before);
    expect(ids).toEqual(new Set(Array.from({ length: restored }, (_, count) => `n${count}`)));
  });

  it('a restarted server goes on although the wall clock was set back between the two runs', async () => {
    const folder = newFolder();
    const ahead = manualClock();
    await ahead.advance(3_600_000);
    const first = await start(folder, { clock: ahead });
    const { data } = await first.register(instance());
    const [snapshot] = await events(`${first.url}/api/watch?env=e`, undefined, 1);
    await first.server.close();
    const second = await start(folder);
    await second.register(instance({ addrs: ['10.0.0.2:80'] }));
    const [told] = await events(`${second.url}/api/watch?env=e`, snapshot!.id, 1);
    expect([told!.event, told!.data]).toMatchObject(['put', { addrs: ['10.0.0.2:80'] }]);
    // By the clock the older change is still in the future. The server reports it all the same.
    const { data: log } = await second.raw('/api/changes?env=e&since=1m');
    expect(log).toMatchObject({
      changes: [{ evidence: { what: 'registered' } }, { evidence: { what: 'updated' } }],
    });
    // The lease of the second registration runs by the second server's own clock.
    await second.ask('PUT', '/api/leases', data.handles);
    await second.clock.advance(3_100);
    await expect.poll(() => second.list()).toEqual([]);
  });

  it.each([1, 2])('a server opens a store of format %s from an earlier version', async (format) => {
    const folder = newFolder();
    cpSync(fileURLToPath(new URL(`stores/format-${format}`, import.meta.url)), folder, { recursive: true });
    const server = await start(folder, { protection: 'on' });
    expect(await server.list('prod')).toMatchObject([
      { appid: 'web', hostname: 'a', version: '', ttlMs: 2_000, renewIntervalMs: 1_000 },
      {
        ...{ hostname: 'b', version: '1.2.0', metadata: { zone: 'x' }, serviceMetadata: { team: 'a' } },
        endpoints: [{ name: 'Say.Hello', request: { name: 'r', type: 'Req' }, metadata: { stream: 'false' } }],
      },
    ]);
    expect(await server.list('dev')).toMatchObject([{ appid: 'db', hostname: 'd', status: 2, ttlMs: 0 }]);
    // One instance was evicted a moment before the stop.
    const { data } = await server.raw('/api/status?env=prod');
    expect((data as { environments: object[] }).environments).toMatchObject([{ missing: 1, considered: 3 }]);
  });

  it('a second listen() is refused, and the server goes on', async () => {
    const { server, url } = await start(newFolder());
    await expect(server.listen()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: /starts only once/ });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it.each([false, true])(
    'a server that is closed while it starts does not listen (data folder: %s)',
    async (isKept) => {
      const server = createServer({ port: 0, ...(isKept ? { dataDir: newFolder() } : {}) });
      const listening = server.listen();
      const refused = expect(listening).rejects.toMatchObject({
        code: expect.stringMatching(/^(CLOSED|UNAVAILABLE)$/),
      });
      await server.close();
      await refused;
    },
  );

  it('a server that cannot bind its port does not change its data folder, even when the folder is a copy', async () => {
    const folder = newFolder();
    const first = await start(folder);
    const { epoch } = await first.register(instance());
    const copy = newFolder();
    cpSync(folder, copy, { recursive: true });
    const taken = { port: first.port };
    await expect(start(copy, taken)).rejects.toMatchObject({ code: 'UNAVAILABLE', message: /port/ });
    // The failed start left the folder a copy, so the next start begins a new epoch.
    const second = await start(copy);
    expect(await second.raw('/api/fetch/all?env=e')).toMatchObject({
      warming: true,
      epoch: expect.not.stringMatching(epoch),
    });
    expect(await second.list()).toHaveLength(1);
    expect((await first.register(instance({ hostname: 'b' }))).epoch).toBe(epoch);
  });

  it('a server refuses a data folder that another server uses, and a damaged folder', async () => {
    const folder = newFolder();
    const first = await start(folder);
    await expect(start(folder)).rejects.toMatchObject({ code: 'UNAVAILABLE', message: /in use by another server/ });
    await first.register(instance());
    await first.server.close();
    writeFileSync(join(folder, 'roll.db'), 'what is this');
    await expect(start(folder)).rejects.toMatchObject({ code: 'UNAVAILABLE', message: /is damaged/ });
  });
});

describe('/readyz', () => {
  it('/readyz and every route that reads the roll answer 503 until the roll is restored, and say how far the restart is', async () => {
    const app = fastify();
    const readiness = new Readiness(app, () => '30 of 100 instances are read');
    app.get('/api/fetch', () => 'instances');
    app.get('/healthz', () => 'ok');
    const statuses = async () =>
      Promise.all(
        ['/readyz', '/api/fetch?env=e', '/healthz?x'].map(async (url) => (await app.inject({ url })).statusCode),
      );
    expect(await statuses()).toEqual([503, 503, 200]);
    expect((await app.inject('/readyz')).json().message).toBe(
      'the roll is being restored: 30 of 100 instances are read',
    );
    readiness.ready();
    expect(await statuses()).toEqual([200, 200, 200]);
    await app.close();
  });

  it('/readyz is 503 while a server reads its roll, and reads are refused rather than answered with a part of it', async () => {
    const folder = newFolder();
    const first = await start(folder);
    for (let from = 0; from < 6_000; from += 200) {
      const some = Array.from({ length: 200 }, (_, index) =>
        instance({ hostname: `n${from + index}`, ttlMs: 600_000 }),
      );
      expect((await first.register(...some)).status).toBe(200);
    }
    await first.server.close();
    // The requests must not reuse a keep-alive connection to the stopped server.
    const init = { headers: { connection: 'close' } };
    const starting = start(folder, { port: first.port });
    const lists: (number | string)[] = [];
    const readiness: string[] = [];
    await expect
      .poll(
        async () => {
          const list = await fetch(`${first.url}/api/fetch/all?env=e`, init);
          const { data, message } = (await list.json()) as { data: { instances: object[] } | null; message: string };
          lists.push(data === null ? `${list.status} ${message}` : data.instances.length);
          const ready = await fetch(`${first.url}/readyz`, init);
          readiness.push(`${ready.status} ${((await ready.json()) as { message?: string }).message ?? ''}`);
          return ready.status;
        },
        { timeout: 20_000, interval: 1 },
      )
      .toBe(200);
    await starting;
    const early = /^503 the roll is being restored: (?:the store is being opened|\d+ of 6000 instances are read)$/;
    expect(readiness[0]).toMatch(early);
    for (const list of lists) expect(list === 6_000 || early.test(`${list}`)).toBe(true);
  });

  it('/readyz answers ready when the server has restored its roll', async () => {
    const server = await start(newFolder());
    expect(await server.raw('/readyz')).toEqual({ status: 'ready' });
  });
});
