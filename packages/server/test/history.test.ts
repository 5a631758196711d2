import { type ManualClock, manualClock } from '@rollcall/core/testing';
import type { ChangesAnswer, PollAnswer } from '@rollcall/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, instance, type Running, running, watch } from './http.ts';

let clock: ManualClock;
let at: Running;
beforeEach(async () => {
  clock = manualClock();
  at = await running({ clock });
});
afterEach(() => at.server.close());

const key = (hostname: string, appid = 'web') => ({ env: 'e', appid, hostname });
const changes = (query = ''): Promise<Answer<ChangesAnswer>> => at.ask('GET', `/api/changes${query}`);
const poll = (query: string): Promise<Answer<PollAnswer>> => at.ask('GET', `/api/poll?env=e&${query}`);
const set = (...instances: object[]): Promise<Answer<{ set: number }>> => at.ask('POST', '/api/set', { instances });
const iso = (ms: number): string => new Date(ms).toISOString();

/** Waits until the server has the pending request: it has answered later requests by then. */
const asked = async (): Promise<void> => {
  for (let round = 0; round < 3; round += 1) await fetch(`${at.url}/healthz`);
};

/** Advances the clock until the answer is there. */
async function passing<T>(answer: Promise<T>): Promise<T> {
  let isOver = false;
  const over = answer.finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  while (!isOver) {
    await asked();
    await clock.advance(1_000);
  }
  return over;
}

describe('GET /api/changes', () => {
  it('GET /api/changes tells each change with its time, its evidence and a sentence', async () => {
    const { data } = await at.register(instance({ version: '1.2', ttlMs: 0 }), instance({ hostname: 'b' }));
    await at.register(instance({ hostname: 'b', addrs: ['10.0.0.9:80'] }));
    await at.ask('POST', '/api/cancel', { keys: [{ ...key('a'), handle: data.handles[0] }] });
    await clock.advance(3_000);
    const page = (await changes()).data;
    const by = { address: '127.0.0.1' };
    expect(page.changes.map(({ text }) => text)).toEqual([
      'web/a was registered with version 1.2 at 10.0.0.1:80 by 127.0.0.1',
      'web/b was registered at 10.0.0.1:80 by 127.0.0.1',
      'web/b was updated by 127.0.0.1: addresses',
      'web/a was deregistered by its holder, 127.0.0.1',
      'web/b is late: silent for 1.3 s although it renews every 1 s',
      'web/b was evicted 3 s after its last renewal (TTL 3 s): self-protection is off; evicted in the last five minutes: 1 of 1',
    ]);
    expect(page.changes[2]).toEqual({
      ...{ revision: 3, at: clock.wallNow() - 3_000, type: 'put', ...key('b'), addrs: ['10.0.0.9:80'] },
      ...{ version: '', status: 1, evidence: { what: 'updated', fields: ['addrs'], by }, text: expect.any(String) },
    });
    expect(page.changes.at(-1)).toMatchObject({
      ...{ revision: 6, at: clock.wallNow(), type: 'remove', reason: 'expired', ...key('b') },
      evidence: { what: 'evicted', cause: 'ttl', silentMs: 3_000, ttlMs: 3_000, evicted: 1, of: 1 },
    });
    expect(page).toMatchObject({ reset: false, more: false, log: { revision: 0, at: clock.wallNow() - 3_000 } });
  });

  it('GET /api/changes goes on after a cursor, page by page, and filters by env, service and node', async () => {
    await at.register(...['a', 'b', 'c', 'd'].map((hostname) => instance({ hostname })));
    await at.register(instance({ appid: 'db' }), instance({ env: 'other' }));
    const first = (await changes('?limit=3')).data;
    expect(first).toMatchObject({ more: true, changes: [{ revision: 1 }, { revision: 2 }, { revision: 3 }] });
    const rest = (await changes(`?limit=3&since=${first.cursor}`)).data;
    expect(rest).toMatchObject({
      more: false,
      reset: false,
      changes: [{ revision: 4 }, { revision: 5 }, { revision: 6 }],
    });
    expect((await changes(`?since=${rest.cursor}`)).data).toMatchObject({ changes: [], cursor: rest.cursor });
    const revisions = async (query: string) => (await changes(query)).data.changes.map(({ revision }) => revision);
    expect(await revisions('?env=e&appid=web&hostname=b')).toEqual([2]);
    expect(await revisions('?env=other')).toEqual([6]);
    expect(await revisions('?env=e&appid=db')).toEqual([5]);
    expect(await revisions('?since=4')).toEqual([5, 6]);
  });

  it('GET /api/changes takes a time, or how long ago, in place of a cursor', async () => {
    await at.register(instance({ ttlMs: 0 }));
    await clock.advance(60_000);
    await at.register(instance({ hostname: 'b', ttlMs: 0 }));
    await clock.advance(60_000);
    const ids = async (since: string) =>
      (await changes(`?since=${encodeURIComponent(since)}`)).data.changes.map(({ hostname }) => hostname);
    expect(await ids('90s')).toEqual(['b']);
    expect(await ids('10m')).toEqual(['a', 'b']);
    expect(await ids(iso(clock.wallNow() - 60_000))).toEqual([]);
    expect(await ids(iso(clock.wallNow() - 60_001))).toEqual(['b']);
    // Nothing is missing before the first change of a server that began empty.
    expect((await changes('?since=1h')).data.reset).toBe(false);
    for (const since of ['25:00', '14:02', 'abc:1']) expect((await changes(`?since=${since}`)).status, since).toBe(400);
    const { status, message } = await changes('?since=soon');
    expect({ status, message }).toEqual({
      status: 400,
      message:
        'since must be a cursor, a revision, an ISO time such as 2026-01-31T14:02:00Z, or how long ago such as 10m; got "soon"',
    });
  });

  it('GET /api/changes answers reset and its whole log to a cursor of another epoch, ahead of the server, or older than the log', async () => {
    await at.register(instance({ ttlMs: 0 }));
    for (const since of ['0123456789abcdef:1', `${(await changes()).epoch}:99`, '99'])
      expect((await changes(`?since=${since}`)).data).toMatchObject({ reset: true, changes: [{ revision: 1 }] });
    // The log holds 10,000 changes.
    const toggle = (version: string) => instance({ ttlMs: 0, version });
    for (let call = 0; call < 11; call += 1)
      await at.register(...Array.from({ length: 1_000 }, (_, index) => toggle(`${(call + index) % 2}`)));
    const { data, revision } = await changes('?since=1');
    expect(data).toMatchObject({ reset: true, more: true, log: { revision: revision - 10_000 } });
    expect(data.changes[0]?.revision).toBe(revision - 9_999);
    expect((await changes('?since=1h')).data.reset).toBe(true);
  });

  it('GET /api/changes with waitMs waits for a change that passes its filters, and no longer than waitMs', async () => {
    const { cursor } = (await changes()).data;
    const waiting = changes(`?since=${cursor}&env=e&appid=web&hostname=b&waitMs=20000`);
    await asked();
    // The waiting request asks for neither instance.
    await at.register(instance({ appid: 'db' }), instance({ hostname: 'a' }));
    await at.register(instance({ hostname: 'b' }));
    expect((await waiting).data.changes).toMatchObject([{ hostname: 'b', revision: 3 }]);
    const over = changes(`?since=${(await changes()).data.cursor}&waitMs=20000&env=none`);
    await asked();
    expect((await passing(over)).data).toMatchObject({ changes: [], reset: false });
  });

  it('GET /api/changes refuses limits, waits and filters out of range with 400', async () => {
    for (const query of ['?limit=0', '?limit=1001', '?waitMs=60001', '?waitMs=-1', '?env=', '?since='])
      expect((await changes(query)).status, query).toBe(400);
    expect((await changes('?limit=1000&waitMs=0')).status).toBe(200);
  });
});

describe('GET /api/poll', () => {
  const ids = ({ data }: Answer<PollAnswer>) =>
    data.services.map(({ appid, instances }) => [appid, instances.map(({ hostname }) => hostname)]);

  it('GET /api/poll without a cursor answers every service at once, a service without instances included', async () => {
    await at.register(instance(), instance({ appid: 'db', status: 2 }));
    const answer = await poll('appid=web&appid=db&appid=void&appid=web');
    expect(answer.data).toMatchObject({ modified: true, reset: true, cursor: `${answer.epoch}:2` });
    expect(ids(answer)).toEqual([
      ['web', ['a']],
      ['db', ['a']],
      ['void', []],
    ]);
  });

  it('GET /api/poll answers at once with the whole list of each service that changed since the cursor', async () => {
    await at.register(instance({ ttlMs: 0 }), instance({ appid: 'db', ttlMs: 0 }));
    const { cursor } = (await poll('appid=web&appid=db')).data;
    await at.register(instance({ hostname: 'b' }), instance({ appid: 'other' }));
    const next = await poll(`appid=web&appid=db&since=${cursor}`);
    expect(next.data).toMatchObject({ modified: true, reset: false });
    expect(ids(next)).toEqual([['web', ['a', 'b']]]);
  });

  it.each([
    ['a first registration of an unknown service', () => at.register(instance({ appid: 'new' })), [['new', ['a']]]],
    ['the removal of the last instance', () => at.ask('POST', '/api/cancel', { keys: [key('a')] }), [['web', []]]],
    ['an instance that is taken out', () => set({ ...key('a'), status: 2 }), [['web', ['a']]]],
    ['a late mark', () => clock.advance(1_250), [['web', ['a']]]],
  ] as const)(
    'a waiting GET /api/poll is woken by %s, and by no change of another service',
    async (_what, change, expected) => {
      await at.register(instance());
      const { cursor } = (await poll('appid=web&appid=new')).data;
      const waiting = poll(`appid=web&appid=new&since=${cursor}`);
      await asked();
      await at.register(instance({ appid: 'db', ttlMs: 0 }), instance({ env: 'other', ttlMs: 0 }));
      await change();
      expect(ids(await waiting)).toEqual(expected);
    },
  );

  it('GET /api/poll answers "not modified" after 30 s, or after its waitMs', async () => {
    const { cursor } = (await poll('appid=web')).data;
    const notModified = { modified: false, reset: false, cursor, services: [] };
    expect((await poll(`appid=web&since=${cursor}&waitMs=0`)).data).toEqual(notModified);
    let isAnswered = false;
    const waiting = poll(`appid=web&since=${cursor}`).finally(() => {
      isAnswered = true;
    });
    await asked();
    await clock.advance(29_999);
    await asked();
    expect(isAnswered).toBe(false);
    expect((await passing(waiting)).data).toEqual(notModified);
  });

  it('GET /api/poll never answers "not modified" to a cursor of another epoch or ahead of the server', async () => {
    await at.register(instance());
    for (const since of ['0123456789abcdef:1', '99'])
      expect((await poll(`appid=web&since=${since}`)).data, since).toMatchObject({ modified: true, reset: true });
  });

  it('a waiting GET /api/poll is answered when the server closes, and forgotten when its client is gone', async () => {
    const { cursor } = (await poll('appid=web')).data;
    const control = new AbortController();
    const url = `${at.url}/api/poll?env=e&appid=web&since=${cursor}`;
    const gone = fetch(url, { signal: control.signal });
    const waiting = poll(`appid=web&since=${cursor}`);
    await asked();
    control.abort();
    await expect(gone).rejects.toThrow();
    await at.server.close();
    expect((await waiting).data).toMatchObject({ modified: false });
  });

  it('GET /api/poll answers a list larger than one chunk as a whole', async () => {
    const metadata = { k: 'x'.repeat(1_000) };
    await at.register(...Array.from({ length: 200 }, (_, index) => instance({ hostname: `n${index}`, metadata })));
    await at.register(instance({ appid: 'db' }));
    const { data } = await poll('appid=web&appid=db');
    expect(data.services.map(({ instances }) => instances.length)).toEqual([200, 1]);
  });

  it('GET /api/poll refuses more than 100 services, no service, and bad names', async () => {
    const many = Array.from({ length: 101 }, (_, index) => `appid=s${index}`).join('&');
    for (const query of [many, '', 'appid=', 'appid=a&appid=', 'appid=web&since=soon', 'appid=web&waitMs=1e9'])
      expect((await poll(query)).status, query).toBe(400);
    const head = await fetch(`${at.url}/api/poll?env=e&appid=web`, { method: 'HEAD' });
    expect(head.status).toBe(404);
  });
});

describe('POST /api/set', () => {
  it('POST /api/set takes an instance out of service and puts it back, keeps its handle and merges its metadata', async () => {
    const { data } = await at.register(instance({ metadata: { k: 'v' } }));
    const services = async () =>
      (await at.ask<{ services: unknown[] }>('GET', '/api/services?env=e')).data.services.length;
    expect((await set({ ...key('a'), status: 2, metadata: { more: 'w' } })).data).toEqual({ set: 1 });
    expect(await services()).toBe(0);
    expect(await at.list()).toMatchObject([{ status: 2, metadata: { k: 'v', more: 'w' } }]);
    expect((await at.ask('PUT', `/api/leases/${data.handles[0]}`)).status).toBe(200);
    await set({ ...key('a'), status: 1 });
    expect(await services()).toBe(1);
    expect((await changes()).data.changes.map(({ text }) => text).slice(1)).toEqual([
      'web/a was taken out of service by 127.0.0.1; metadata changed',
      'web/a was put back into service by 127.0.0.1',
    ]);
  });

  it('POST /api/set that names an unknown instance changes nothing at all', async () => {
    await at.register(instance());
    const { status, message, revision } = await set({ ...key('a'), status: 2 }, { ...key('ghost'), status: 2 });
    expect({ status, message, revision }).toEqual({
      ...{ status: 404, revision: 1 },
      message: 'ghost of web is not on the roll of e: nothing has changed',
    });
    expect(await at.list()).toMatchObject([{ status: 1 }]);
  });

  it('POST /api/set refuses a bad status, bad metadata and a node that grows too large', async () => {
    await at.register(instance());
    for (const over of [{ status: 3 }, { status: '1' }, { metadata: { k: 1 } }, { metadata: { k: 'x'.repeat(1_025) } }])
      expect((await set({ ...key('a'), ...over })).status, JSON.stringify(over)).toBe(400);
    expect((await set()).status).toBe(400);
    const pairs = Object.fromEntries(Array.from({ length: 63 }, (_, index) => [`k${index}`, 'x'.repeat(1_000)]));
    expect((await set({ ...key('a'), metadata: pairs })).status).toBe(413);
  });

  it('watches hear a put with the status when POST /api/set changes an instance', async () => {
    await at.register(instance());
    const events = watch(`${at.url}/api/watch?env=e`);
    await events.next();
    await set({ ...key('a'), status: 2 });
    expect((await events.next()).value).toMatchObject({ event: 'put', data: { hostname: 'a', status: 2 } });
    await events.return();
  });
});

describe('GET /api/fetch with a time', () => {
  type Past = { at: number; revision: number; instances: Record<string, unknown>[] };
  const past = (time: string | number): Promise<Answer<Past>> =>
    at.ask('GET', `/api/fetch?env=e&appid=web&at=${encodeURIComponent(time)}`);

  it('GET /api/fetch with a time answers the instances of that time as they were, also those that changed or left since', async () => {
    const begin = clock.wallNow();
    await at.register(
      instance({ ttlMs: 0 }),
      instance({ hostname: 'b', ttlMs: 0 }),
      instance({ appid: 'db', ttlMs: 0 }),
    );
    await clock.advance(10_000);
    await at.register(instance({ hostname: 'b', version: '2', ttlMs: 0 }));
    await at.ask('POST', '/api/cancel', { keys: [key('a')] });
    await clock.advance(10_000);
    await at.register(instance({ hostname: 'c', ttlMs: 0 }));
    const seen = async (time: string | number) =>
      (await past(time)).data.instances.map(({ hostname, version }) => `${hostname}${version}`).sort();
    expect(await seen(begin)).toEqual(['a', 'b']);
    expect(await seen('15s')).toEqual(['a', 'b']);
    expect(await seen(iso(begin + 10_000))).toEqual(['b2']);
    expect(await seen('1ms')).toEqual(['b2']);
    expect(await seen(clock.wallNow())).toEqual(['b2', 'c']);
    expect((await past('15s')).data).toMatchObject({ at: begin + 5_000, revision: 3 });
    // An answer about a past moment leaves out later renewals.
    const { handles } = (await at.register(instance({ hostname: 'c', ttlMs: 0 }))).data;
    await clock.advance(10_000);
    await at.ask('PUT', `/api/leases/${handles[0]}`);
    const [, c] = (await past('5s')).data.instances.sort((x, y) => (String(x.hostname) < String(y.hostname) ? -1 : 1));
    expect(c).toMatchObject({ hostname: 'c', renewTimestamp: clock.wallNow() - 5_000 });
  });

  it('GET /api/fetch refuses a time before the change log, a time in the future, and a text that is not a time', async () => {
    await at.register(instance());
    const refusal = async (time: string) => {
      const { status, message } = await past(time);
      return `${status} ${message}`;
    };
    expect(await refusal('1s')).toBe(
      '400 2025-12-31T23:59:59.000Z cannot be looked at: the change log begins at 2026-01-01T00:00:00.000Z (after revision 0), and what was on the roll before is forgotten; ask for a later time',
    );
    expect(await refusal('2027-01-01T00:00:00Z')).toMatch(
      /^400 at 2027-01-01T00:00:00.000Z is in the future: the server/,
    );
    for (const time of ['noon', '14:02', '2026-99-99', '9'.repeat(16)])
      expect(await refusal(time)).toMatch(/^400 at must be milliseconds since 1970, an ISO time/);
  });
});
