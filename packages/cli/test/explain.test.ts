import type { ChildProcess } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { idsOf, killAll, serve, start } from './command.ts';

// Each command runs in a process of its own, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let server: Awaited<ReturnType<typeof serve>>;

const onServer = (...args: string[]) => start([...args, '--registry-address', server.address]);
const rollcall = (...args: string[]) => onServer(...args).ended;
const until = (holds: () => unknown, interval = 50) => expect.poll(holds, { timeout: 30_000, interval });

async function statusOf(env: string): Promise<Record<string, number>> {
  const answer = (await (await fetch(`http://${server.address}/api/status?env=${env}`)).json()) as {
    data: { environments: Record<string, number>[] };
  };
  return answer.data.environments[0] ?? {};
}

const listed = async (name: string): Promise<number> => (await idsOf(server.address, name)).length;

/** Registers a service of one node; at the end of the test its command is killed, not stopped. */
async function service(name: string, id: string, ...args: string[]): Promise<ChildProcess> {
  const { child, output } = onServer('register', name, '10.0.0.1:80', '--id', id, ...args);
  await until(() => output.err).toContain('on the roll as');
  return child;
}

beforeAll(async () => {
  server = await serve('--port', '0', '--no-warm-up');
});
afterAll(() => killAll());
afterEach(() => killAll(server));

describe('rollcall out and in', () => {
  it('rollcall out tells watchers a delete with the reason deregistered, rollcall in a create, and the owner goes on renewing', async () => {
    await service('shop', 's1', '--ttl', '3s', '--interval', '500ms');
    const watcher = onServer('watch', 'shop', '--json');
    // On a busy machine the node may be late for a moment, which is an update.
    const types = () =>
      watcher.output.out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { type: string; reason?: string })
        .filter(({ type }) => type !== 'update')
        .map(({ type, reason }) => (reason === undefined ? type : `${type} ${reason}`));
    await until(types).toEqual(['create', 'synced']);
    expect(await rollcall('out', 'shop', 's1')).toMatchObject({
      ...{ code: 0, out: '' },
      err: 's1 of shop is out of service until rollcall in shop s1, or until it is registered anew\n',
    });
    await until(types).toEqual(['create', 'synced', 'delete deregistered']);
    expect(await rollcall('get', 'shop')).toMatchObject({ code: 4 });
    // The owner goes on renewing, and a renewal does not put the instance back into service.
    const before = (await statusOf('default')).renewsLastMinute!;
    await until(async () => (await statusOf('default')).renewsLastMinute, 2_000).toBeGreaterThan(before);
    await until(() => statusOf('default')).toMatchObject({ out: 1, late: 0 });
    expect(await rollcall('in', 'shop', 's1', '--quiet')).toMatchObject({ code: 0, out: '', err: '' });
    await until(types).toEqual(['create', 'synced', 'delete deregistered', 'create']);
  });

  it('rollcall out and in exit with 4 for an unknown node, and with 2 on another backend than discovery, which the message names', async () => {
    expect(await rollcall('out', 'shop', 'ghost')).toMatchObject({
      code: 4,
      err: 'rollcall: ghost of shop is not registered, so nothing has changed: rollcall get shop shows the ids\n',
    });
    expect(await start(['out', 'shop', 's1', '--registry', 'mdns']).ended).toMatchObject({
      code: 2,
      err: 'rollcall: --registry mdns cannot take nodes out of service: only a Rollcall server can, so give --registry discovery\n',
    });
    expect(await start(['changes', '--registry', 'mdns']).ended).toMatchObject({ code: 2 });
    expect(await start(['get', 'shop', '--at', '1m', '--registry', 'mdns']).ended).toMatchObject({ code: 2 });
  });
});

describe('rollcall deregister', () => {
  it('rollcall deregister of a node that is out of service says that it is deregistered', async () => {
    const owner = await service('shelf', 's1', '--ttl', '60s', '--interval', '50s');
    owner.kill('SIGKILL');
    await rollcall('out', 'shelf', 's1');
    expect(await rollcall('deregister', 'shelf', 's1')).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^s1 of shelf is deregistered/),
    });
    expect(await listed('shelf')).toBe(0);
  });
});

describe('rollcall changes', () => {
  it('rollcall changes says why it shows the whole log for a revision ahead of the server and for a cursor of another history', async () => {
    await service('ahead', 'a1');
    const ahead = await rollcall('changes', 'ahead', '--since', '999999');
    expect(ahead.err).toMatch(/^revision 999999 is ahead of the server, which is at revision \d+: /);
    expect(ahead.out).toMatch(/ahead\/a1 was registered/);
    const other = await rollcall('changes', 'ahead', '--since', '0123456789abcdef:1');
    expect(other.err).toMatch(/^the server has begun another history since 0123456789abcdef:1: /);
    expect((await rollcall('changes', 'ahead', '--since', '0')).err).toBe('');
  });

  it('rollcall changes prints sentences with their times, and with --json one object a line', async () => {
    const child = await service('books', 'b1', '--service-version', '1.2');
    child.kill('SIGTERM');
    await until(() => listed('books')).toBe(0);
    expect((await rollcall('changes', 'books', '--since', '5m')).out).toMatch(
      /^\d\d:\d\d:\d\d {2}books\/b1 was registered with version 1\.2 at 10\.0\.0\.1:80 by 127\.0\.0\.1\n\d\d:\d\d:\d\d {2}books\/b1 was deregistered by its holder, 127\.0\.0\.1\n$/,
    );
    const { out } = await rollcall('changes', 'books', '--json');
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { type: 'put', evidence: { what: 'registered' } },
      { type: 'remove', reason: 'deregistered', evidence: { what: 'deregistered', holder: true } },
    ]);
    expect(await rollcall('changes', 'nothing')).toMatchObject({
      code: 0,
      out: '',
      err: 'no such change is remembered\n',
    });
    for (const args of [
      ['changes', '--since', ''],
      ['get', 'shop', '--at', ' '],
    ])
      expect(await rollcall(...args)).toMatchObject({
        code: 2,
        err: expect.stringContaining(
          'It must be a time: 10m (ago), 14:02, or an ISO time such as 2026-01-31T14:02:00Z.',
        ),
      });
    expect(await rollcall('changes', '--since', 'soon')).toMatchObject({
      code: 2,
      err: expect.stringContaining('since must be'),
    });
  });

  it('rollcall changes --follow goes on through a restart of the server until Ctrl-C', async () => {
    const follower = onServer('changes', 'films', '--follow');
    await service('films', 'f1', '--ttl', '3s', '--interval', '300ms');
    await until(() => follower.output.out).toContain('films/f1 was registered');
    const exit = server.ended;
    server.child.kill('SIGKILL');
    await exit;
    await until(() => follower.output.err).toContain('; trying again');
    server = await serve('--port', new URL(`http://${server.address}`).port, '--no-warm-up');
    await until(() => follower.output.err).toMatch(/the server has begun another history since \S+: the log begins at/);
    await until(() => follower.output.out.split('films/f1 was registered').length).toBe(3);
    follower.child.kill('SIGINT');
    expect(await follower.ended).toMatchObject({ code: 130 });
  });
});

describe('rollcall get --at', () => {
  it('rollcall get --at shows the nodes as they were, and exits with 2 for a time before the change log', async () => {
    const child = await service('cards', 'c1');
    const registered = new Date().toISOString();
    child.kill('SIGTERM');
    await until(() => listed('cards')).toBe(0);
    const then = await rollcall('get', 'cards', '--at', registered);
    expect(then).toMatchObject({ code: 0, err: expect.stringMatching(/^cards as of \d\d:\d\d:\d\d, revision \d+\n$/) });
    expect(then.out).toMatch(/^VERSION .*\n- +c1 +10\.0\.0\.1:80 +on time/);
    expect(JSON.parse((await rollcall('get', 'cards', '--at', registered, '--json')).out)).toMatchObject([
      { name: 'cards', nodes: [{ id: 'c1' }] },
    ]);
    expect(await rollcall('get', 'cards', '--at', '1ms')).toMatchObject({ code: 4 });
    const early = await rollcall('get', 'cards', '--at', '10h');
    expect(early).toMatchObject({
      code: 2,
      err: expect.stringContaining('cannot be looked at: the change log begins'),
    });
    // A time of day that has not come yet today means yesterday.
    const soon = new Date(Date.now() + 120_000).toTimeString().slice(0, 5);
    expect(await rollcall('get', 'cards', '--at', soon)).toMatchObject({ code: 2 });
  });
});

describe('rollcall status', () => {
  it('rollcall status says since when the server protects, how many nodes each service misses, what is held, and what ends it', async () => {
    const lease = ['--ttl', '5s', '--interval', '1s', '--registry-namespace', 'prod'];
    const nodes = await Promise.all(['w1', 'w2', 'w3'].map((id) => service('web', id, ...lease)));
    // The test waits until each instance has renewed after the last registration. Before that, the server would take
    // the last instance as a replacement for the others.
    await until(async () => {
      const answer = await fetch(`http://${server.address}/api/fetch?env=prod&appid=web&exact=1`);
      const { data } = (await answer.json()) as { data: { instances: Record<string, number>[] } };
      const last = Math.max(...data.instances.map(({ regTimestamp }) => regTimestamp!));
      return data.instances.every(({ renewTimestamp }) => renewTimestamp! > last);
    }).toBe(true);
    for (const child of nodes.slice(0, 2)) child.kill('SIGKILL');
    await until(async () => (await statusOf('prod')).held).toBe(2);
    const { out } = await rollcall('status', '--registry-namespace', 'prod');
    expect(out).toMatch(/prod +protecting +\d\d:\d\d:\d\d +3 +2 +0 +2 of 3 +2/);
    expect(out).toMatch(
      /^up for \d+ s; self-protection on\n\nENV +STATE +SINCE +NODES +LATE +OUT +MISSING +HELD +RENEW/,
    );
    expect(out).toContain('It ends when 1 of them has renewed or is replaced.');
    expect(out).toContain('To evict the expired now: rollcall protection end --registry-namespace prod.');
    expect(out).toMatch(
      /\nSERVICE +MISSING +HELD\nweb +2 of 3 +2\nHELD OF +NODE +SILENT FOR +MAY GO AT\nweb +w[12] +\d+ s/,
    );
    const { environments } = JSON.parse((await rollcall('status', '--json')).out);
    expect(environments.find(({ env }: { env: string }) => env === 'prod')).toMatchObject({
      ...{ state: 'protecting', backUntilCalm: 1, applications: [{ appid: 'web', missing: 2, held: 2 }] },
    });
    await rollcall('protection', 'end', '--registry-namespace', 'prod');
    const { out: changes } = await rollcall('changes', '--registry-namespace', 'prod');
    expect(changes).toMatch(
      /prod: web\/w\d was evicted .* \(TTL 5 s\): an operator \(127\.0\.0\.1\) ended self-protection; 2 of 2 expired\n$/,
    );
  });
});
