import { manualClock } from '@rollcall/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer, type DiscoveryServer } from '../src/index.ts';
import { readContent } from '../src/roll/content.ts';
import type { Registration } from '../src/roll/registration.ts';
import { Roll } from '../src/roll/roll.ts';
import { Simulation } from './protection/simulation.ts';

/**
 * The origin registry (docs/design/README.md) has forty-three defects, S1 to S43. Each test here says in one comment
 * what the defect does there, and shows that this server does not have it. This file has no test of these defects:
 *
 * - S1 to S5: code that does not compile. The compiler is a gate.
 * - S20, S43: nodes of a cluster have revisions of their own, and a restart silently loses everything. Here each
 *   history has an epoch.
 * - S33: each eviction lowers the expected number of renewals, so a slow bleed never protects. S34: the eviction limit
 *   is global, so a small application can lose its last instance. Both are golden transcripts of self-protection.
 * - S39, S40: a signal can get lost, and a stop always takes five seconds. Their tests need a process: see those of
 *   `rollcall serve`.
 */

const clock = manualClock();
const env = 'e';
const registration = (over: Partial<Registration> = {}): Registration => ({
  env,
  service: 'web',
  id: 'a',
  addresses: ['10.0.0.1:80'],
  ttlMs: 3_000,
  renewIntervalMs: 1_000,
  ...over,
});
const input = (over: object = {}) => ({
  ...{ env, appid: 'web', hostname: 'a', addrs: ['10.0.0.1:80'], ttlMs: 3_000, renewIntervalMs: 1_000 },
  ...over,
});
const range = (to: number): string[] => Array.from({ length: to }, (_, index) => `${index}`);

describe('the self-protection of the server', () => {
  const silent = (s: Simulation, ids: readonly string[]) => s.at(330, () => s.cut(ids, true));

  // S6: the number of expected renewals is compared in place of the number of renewals. S7: the counters race.
  it('S6, S7: only heartbeats decide whether self-protection is on', () => {
    expect(new Simulation().fleet().run(4000)).toEqual(['4000 listed 20, alive 20']);
    const s = new Simulation().fleet();
    expect(silent(s, range(20)).run(600)[0]).toBe('340.5 protection on');
  });

  // S8: cancelling an unknown instance lowers the expected number, even below zero.
  // S9: lost updates let the number drift.
  it('S8, S9: registering twice, cancelling twice and cancelling an unknown id leave the counts of self-protection as they are', () => {
    const s = new Simulation().fleet();
    s.at(100, () => {
      for (const _ of range(9))
        s.protection.registered('app0', '0', { ttlMs: 90_000, renewIntervalMs: 30_000 }, 100_000);
      for (const _ of range(9)) s.protection.cancelled('app1', 'nobody', 100_000);
      s.cancel('5', 100);
      s.protection.cancelled('app1', '5', 100_000);
    });
    s.run(300);
    expect(s.protection.view(300_000)).toMatchObject({ considered: 19, missing: 0 });
  });

  // S10: the expected number assumes one interval for all, by an integer division that gives 0 for slow ones.
  it('S10: self-protection judges each instance by its own renew interval', () => {
    const s = new Simulation().fleet((index) => (index < 10 ? [45, 135] : [20, 60]));
    expect(s.run(4000)).toEqual(['4000 listed 20, alive 20']);
  });

  // S11: renewals are counted instead of instances, so a client that retries hides dead instances.
  it('S11: self-protection counts each instance once, however often it renews', () => {
    const s = new Simulation().fleet();
    silent(s, range(5));
    for (let at = 330; at < 600; at += 1) {
      s.at(at, () =>
        range(100).forEach(() => void s.protection.renewed(s.protection.member('app3', '19')!, at * 1000)),
      );
    }
    expect(s.run(600)[0]).toMatch(/protection on/);
  });

  // S12: one large broken application stops the eviction of all others.
  it('S12: a small application that died does not keep a dead instance of another one listed', () => {
    const s = new Simulation();
    s.at(0, () => range(3).forEach((id) => void s.join('broken', `b${id}`, 0)));
    s.at(0, () => range(100).forEach((id) => void s.join('sound', `s${id}`, 0)));
    s.at(330, () => range(3).forEach((id) => void s.kill(`b${id}`))).at(400, () => s.kill('s7'));
    expect(s.run(600).at(-1)).toBe('600 listed 99, alive 99');
  });
});

describe('the roll of the server', () => {
  let roll: Roll;
  const ids = (service = 'web') => roll.instances(env, service).map(({ id }) => id);
  beforeEach(() => {
    roll = new Roll({ cpuTimeMs: () => 0, maxBytes: 1e9, clock, protection: false });
  });
  afterEach(() => roll.close());

  // S14: a cancel of the last instance deletes the application, together with an instance that registered meanwhile.
  it('S14: an instance that registers after the last one of its service left stays listed', () => {
    roll.register([registration()]);
    roll.deregister(registration());
    roll.register([registration({ id: 'b' })]);
    roll.deregister(registration());
    expect(ids()).toEqual(['b']);
  });

  // S15: eviction decides by a snapshot and does not check again, so it removes instances that have renewed since.
  it('S15: an instance that renews just before its expiry stays listed', async () => {
    const handle = roll.register([registration()])[0]!.handle;
    await clock.advance(0);
    for (const _ of range(5)) await clock.advance(599);
    expect(roll.renew(handle)).toBe('renewed');
    await clock.advance(10);
    expect(ids()).toEqual(['a']);
  });

  // S16: the store keeps the caller's object and hands out its own.
  it('S16: a caller that changes its input or an answer does not change the roll', () => {
    const given = { ...registration(), addresses: ['10.0.0.1:80'], metadata: { a: '1' } };
    roll.register([given]);
    given.addresses.push('10.0.0.9:9');
    given.metadata.a = '2';
    const list = roll.instances(env) as unknown[];
    list.length = 0;
    expect(roll.instances(env).map(({ content }) => readContent(content))).toMatchObject([
      { addresses: ['10.0.0.1:80'], metadata: { a: '1' } },
    ]);
  });

  // S18, S24: the version of an application is the timestamp that a client sends, on register and on cancel.
  it("S18, S24: the revision is the server's own, whatever timestamps a client sends", () => {
    const forged = { ...registration({ dirtyAt: Number.MAX_SAFE_INTEGER }), changedAt: 1e18 };
    roll.register([forged as Registration]);
    expect(roll.revision).toBe(1);
    expect(roll.instances(env)[0]?.changedAt).toBe(clock.wallNow());
    roll.deregister({ ...registration(), changedAt: 0 } as Registration);
    expect(roll.revision).toBe(2);
  });

  // S19: an application that returns starts at version 1, so consumers with version 7 are told "not modified" for ever.
  it('S19: the revision goes on when a service leaves the roll and comes back', () => {
    roll.register([registration()]);
    roll.deregister(registration());
    const before = roll.revision;
    roll.register([registration()]);
    expect(roll.revision).toBeGreaterThan(before);
  });

  // S21: a register with an older timestamp wakes every consumer and does not renew, so a living instance expires.
  it('S21: a register with an older dirty timestamp renews the lease and changes nothing else', async () => {
    roll.register([registration({ dirtyAt: 10 })]);
    const before = roll.revision;
    for (const _ of range(6)) {
      await clock.advance(900);
      roll.register([registration({ dirtyAt: 9, version: 'old' })]);
    }
    expect([roll.revision, ids()]).toEqual([before, ['a']]);
  });

  // S21 again: the server's clock stands in for a missing timestamp, so a clock that steps back discards registrations.
  it('S21: a register without a dirty timestamp is stored although the wall clock stepped back', () => {
    const stepped = { ...clock, wallNow: () => clock.wallNow() - 3_600_000 };
    roll.register([registration()]);
    const behind = new Roll({ cpuTimeMs: () => 0, maxBytes: 1e9, clock: stepped, protection: false });
    behind.register([registration({ dirtyAt: clock.wallNow() - 7_200_000 })]);
    behind.register([registration({ version: 'new' })]);
    expect(behind.instances(env)[0]?.version).toBe('new');
    behind.close();
  });

  // S22: a second register overwrites the time of the first, and the time of going up survives a change of status.
  it('S22: the registration time never changes, and the up time follows the last change to up', async () => {
    roll.register([registration()]);
    const [first] = roll.instances(env);
    await clock.advance(500);
    roll.register([registration({ status: 'out' })]);
    await clock.advance(500);
    roll.register([registration({ status: 'up' })]);
    const [last] = roll.instances(env);
    expect(last?.registeredAt).toBe(first?.registeredAt);
    expect(last?.upAt).toBe((first?.upAt ?? 0) + 1_000);
  });

  // S23: leases are measured by the wall clock.
  it('S23: a step of the wall clock evicts no instance', async () => {
    let step = 0;
    const jumping = new Roll({
      cpuTimeMs: () => 0,
      maxBytes: 1e9,
      clock: { ...clock, wallNow: () => clock.wallNow() + step },
      protection: false,
    });
    jumping.register([registration()]);
    step = 86_400_000;
    await clock.advance(500);
    expect(jumping.instances(env)).toHaveLength(1);
    jumping.close();
  });

  // S28: a list has the order of a hash map, which differs at each request.
  it('S28: a list has the same order each time', () => {
    for (const id of ['c', 'a', 'b']) roll.register([registration({ id })]);
    roll.register([registration({ id: 'a', version: '2' })]);
    expect(ids()).toEqual(ids());
    expect(ids()).toEqual(['c', 'a', 'b']);
  });

  // S29: the key joins application and environment by a hyphen.
  it('S29: service a-b of environment c and service a of environment b-c are two', () => {
    roll.register([registration({ service: 'a-b', env: 'c' })]);
    roll.register([registration({ service: 'a', env: 'b-c', version: 'other' })]);
    expect(roll.instances('c', 'a-b')).toHaveLength(1);
    expect(roll.instances('b-c', 'a')).toMatchObject([{ version: 'other' }]);
  });

  // S30: the host name is the id, so two processes of a host overwrite each other.
  it('S30: two instances of one host with different ids are both listed', () => {
    roll.register([registration({ id: 'host-1', addresses: ['10.0.0.1:80'] })]);
    roll.register([registration({ id: 'host-2', addresses: ['10.0.0.1:81'] })]);
    expect(ids()).toEqual(['host-1', 'host-2']);
  });

  // S32: eviction looks once a minute and takes 15 % each time.
  // S36: no document says how a renewal of an evicted instance is answered.
  it('S32, S36: a hundred expired instances leave at their TTL, and each renewal afterwards is answered "unknown"', async () => {
    const handles = range(100).map((id) => roll.register([registration({ id })])[0]!.handle);
    for (const _ of range(5)) await clock.advance(599);
    expect(ids()).toHaveLength(100);
    await clock.advance(5);
    expect(ids()).toEqual([]);
    expect(new Set(handles.map((handle) => roll.renew(handle)))).toEqual(new Set(['unknown']));
    roll.register([registration({ id: '7' })]);
    expect(ids()).toEqual(['7']);
  });

  // S35: the ticker of eviction is never stopped.
  it('S35: a roll of fifty leases has at most two timers, and none after close', () => {
    let timers = 0;
    const counting = {
      ...clock,
      setTimer(delayMs: number, callback: () => void) {
        timers += 1;
        const cancel = clock.setTimer(delayMs, callback);
        return () => {
          timers -= 1;
          cancel();
        };
      },
    };
    const counted = new Roll({ cpuTimeMs: () => 0, maxBytes: 1e9, clock: counting, protection: true });
    for (const id of range(50)) counted.register([registration({ id, ttlMs: 1_000 + Number(id) * 100 })]);
    // The lease clock looks for pauses with a timer of its own.
    expect(timers).toBeLessThanOrEqual(2);
    counted.close();
    expect(timers).toBe(0);
  });
});

describe('the HTTP API of the server', () => {
  let server: DiscoveryServer;
  let url = '';
  beforeEach(async () => {
    server = createServer({ port: 0, protection: 'off', warmUpMs: 0, clock });
    url = (await server.listen()).url;
  });
  afterEach(() => server.close());

  const post = async (path: string, body: unknown) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${url}${path}`, init);
    return { status: response.status, body: (await response.json()) as { code: number; message: string } };
  };
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  // S13: two first registrations each make an application, and one is lost.
  // S17: a fetch after a register may find nothing.
  it('S13, S17: fifty simultaneous first registrations of one service are all listed when they are answered', async () => {
    await Promise.all(
      range(50).map(async (id) => {
        await post('/api/register', { instances: [input({ hostname: id })] });
        const { body } = await get('/api/fetch?env=e&appid=web');
        const { instances } = body.data as { instances: { hostname: string }[] };
        expect(instances.map(({ hostname }) => hostname)).toContain(id);
      }),
    );
    const { body } = await get('/api/fetch?env=e&appid=web');
    expect((body.data as { instances: unknown[] }).instances).toHaveLength(50);
  });

  // S25: the server answers "not modified" before it applies the filter.
  // S26: an application that has become empty is "not found".
  it('S25, S26: fetch answers a name without instances with an empty list and a revision', async () => {
    await post('/api/register', { instances: [input()] });
    await post('/api/cancel', { keys: [{ env, appid: 'web', hostname: 'a' }] });
    for (const name of ['web', 'never']) {
      const { status, body } = await get(`/api/fetch?env=e&appid=${name}`);
      expect({ status, body }).toMatchObject({ status: 200, body: { code: 0, revision: 2, data: { instances: [] } } });
    }
  });

  // S27: a consumer whose version is ahead of the server (it restarted) is told "not modified" for ever.
  it('S27: a watch that resumes from a revision ahead of the server gets the whole list', async () => {
    const { body } = await get('/api/fetch?env=e&appid=web');
    const control = new AbortController();
    const headers = { 'last-event-id': `${body.epoch}:${Number(body.revision) + 5}` };
    const response = await fetch(`${url}/api/watch?env=e`, { headers, signal: control.signal });
    const first = await response.body?.pipeThrough(new TextDecoderStream()).getReader().read();
    expect(first?.value).toMatch(/^event: snapshot/);
    control.abort();
  });

  // S31: nothing is validated. S37: register answers success when it failed. S38: errors have the HTTP status 200.
  it('S31, S37, S38: a register with one invalid instance is answered with 400, and none of its instances is stored', async () => {
    const { status, body } = await post('/api/register', { instances: [input(), input({ hostname: '', addrs: [] })] });
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { code: 400, message: expect.stringMatching(/instances\/1/) },
    });
    expect((await get('/api/fetch/all?env=e')).body.data).toEqual({ instances: [] });
  });

  // S41: a port that is taken ends the process without a clean-up.
  it('S41: listen rejects when the port is taken, and close works afterwards', async () => {
    const second = createServer({ port: Number(new URL(url).port) });
    await expect(second.listen()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/taken/),
    });
    await second.close();
  });

  // S42: a restarted server answers "not found" for every service until its instances register again.
  it('S42: a server that starts empty answers with warming: true', async () => {
    const young = createServer({ port: 0, clock });
    const { url: at } = await young.listen();
    const answer = (await (await fetch(`${at}/api/fetch?env=e&appid=web`)).json()) as { warming?: true };
    expect(answer.warming).toBe(true);
    await young.close();
  });
});
