import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faulty } from '@rollcall/core/testing';
import { describe, expect, it } from 'vitest';
import { memory } from '../../adapters/memory/src/index.ts';
import { attemptChannel, createClient, noNodeIn, pickChannel, type ServiceState } from '../src/index.ts';
import { eventually, fleet, notebook, says } from './fleet.ts';

const { logger } = notebook();

describe('a followed service', () => {
  it('client.service() is one object per name; it picks from memory, and keeps node objects until their record changes', async () => {
    await using users = await fleet('users', says('a'), says('b'));
    await using client = createClient(users.registry, { logger });
    const service = client.service('users');
    expect(() => service.pick()).toThrow(/no node of "users"/);
    await client.ready('users');
    expect(client.service('users')).toBe(service);
    const [first] = service.nodes;
    expect(Object.isFrozen(first)).toBe(true);
    expect(first).toMatchObject({
      id: 'n0',
      service: 'users',
      version: '1.0.0',
      host: '127.0.0.1',
      zone: '',
      weight: 1,
    });
    const address = first?.address ?? '';
    await users.registry.register({ name: 'users', version: '1.0.0', nodes: [{ id: 'n0', address }] });
    expect(service.nodes[0]).toBe(first);
    const metadata = { zone: 'z1', weight: '3' };
    await users.registry.register({ name: 'users', version: '1.0.0', nodes: [{ id: 'n0', address, metadata }] });
    await eventually(() => service.nodes[0]?.zone === 'z1', 'the new record');
    expect(service.nodes[0]?.weight).toBe(3);
  });

  it('a client keeps its nodes when the registry is lost, and logs once each that the registry is lost and back', async () => {
    await using users = await fleet('users', says('a'));
    const registry = faulty(users.registry);
    const { logger: own, lines } = notebook();
    await using client = createClient(registry, { logger: own });
    const states: ServiceState['status'][] = [];
    client.on('status', ({ status }) => void states.push(status));
    await client.ready('users');
    await eventually(() => client.service('users').state.status === 'live', 'live');
    registry.down();
    await eventually(() => client.service('users').state.status === 'stale', 'stale');
    expect(await (await client.fetch('http://users/')).text()).toBe('a');
    expect(client.service('users').state.error?.code).toBe('UNAVAILABLE');
    registry.up();
    await eventually(() => client.service('users').state.status === 'live', 'live again');
    expect(states).toEqual(['live', 'stale', 'live']);
    expect(lines).toEqual([
      expect.stringMatching(
        /^the registry is lost because .*; calls go on with the 1 node last known \(rollcall doctor says what to do\)$/,
      ),
      expect.stringMatching(/^in sync with the registry again after /),
    ]);
  });

  it('a client holds its nodes when the registry answers that there are none, and calls go on', async () => {
    await using users = await fleet('users', says('a'), says('b'), says('c'));
    const registry = faulty(users.registry);
    const { logger: own, lines } = notebook();
    await using client = createClient(registry, { logger: own });
    for (let call = 0; call < 20; call += 1) await (await client.fetch('http://users/')).text();
    registry.answerEmpty();
    await eventually(() => client.service('users').state.status === 'holding', 'holding');
    for (let call = 0; call < 20; call += 1) expect((await client.fetch('http://users/')).status).toBe(200);
    const isTold = (): boolean =>
      lines.some((line) => line.startsWith('3 nodes of 3 vanished from the registry at once'));
    await eventually(isTold, 'the line about the loss');
    registry.up();
    await eventually(() => client.service('users').state.status === 'live', 'live again');
  });

  it('a client logs one line when many nodes are unreachable, and one when they are back', async () => {
    await using users = await fleet('users', ...Array.from({ length: 5 }, () => says('a')));
    const { logger: own, lines } = notebook();
    let isCut = false;
    const probe = async (): Promise<void> => {
      if (isCut) throw new Error('cut');
    };
    await using client = createClient(users.registry, { logger: own, probe });
    await client.ready('users');
    const service = client.service('users');
    await eventually(() => service.state.nodes.every(({ tier }) => tier === 'up'), 'all up');
    isCut = true;
    // The second report within a second raises the alarm: the client probes the other three nodes.
    for (const node of service.nodes.slice(0, 2)) service.report(node, 'unreachable');
    await eventually(() => service.state.nodes.every(({ tier }) => tier === 'unreachable'), 'all unreachable');
    // The view follows within ten milliseconds.
    await eventually(() => service.state.panic, 'panic');
    isCut = false;
    const [first] = service.nodes;
    if (first !== undefined) service.report(first, 'ok');
    await eventually(() => lines.length === 2, 'two lines');
    expect(lines).toEqual([
      expect.stringMatching(
        /^5 nodes unreachable: n0 \(.*\), n1 \(.*\), n2 \(.*\) and 2 more; called last until a connection succeeds/,
      ),
      expect.stringMatching(/^5 nodes in use again: /),
    ]);
  });

  it('the error of a registry that cannot be opened has the reason unknown and keeps the cause', async () => {
    await using client = createClient(Promise.reject(new Error('no such adapter')), { logger });
    const error = await client.fetch('http://users/').catch((cause) => cause);
    expect(noNodeIn(error)).toMatchObject({
      reason: 'unknown',
      cause: { message: expect.stringContaining('no such adapter') },
    });
  });

  it('ready() rejects with TIMEOUT and the NoNodeError, or with ABORTED', async () => {
    await using registry = memory();
    await using client = createClient(registry, { logger });
    const late = await client.ready(['users'], { timeoutMs: 20 }).catch((error) => error);
    expect(late).toMatchObject({ code: 'TIMEOUT' });
    expect(noNodeIn(late)?.reason).toBe('unregistered');
    await expect(client.ready('users', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it("call() tries another node when the error's code or outcomeOf says that nothing was sent", async () => {
    await using registry = memory();
    for (const id of ['a', 'b'])
      await registry.register({ name: 'cache', nodes: [{ id, address: `127.0.0.1:${id === 'a' ? 1 : 2}` }] });
    await using client = createClient(registry, { logger, probe: false, strategy: () => () => 0 });
    const cache = client.service('cache');
    await client.ready('cache');
    const asked: string[] = [];
    const use =
      (failure: object) =>
      async ({ id }: { readonly id: string }) => {
        asked.push(id);
        if (id === 'a') throw Object.assign(new Error('x'), failure);
        return id;
      };
    await expect(cache.call(use({ code: 'ECONNRESET' }))).rejects.toThrow('x');
    expect(await cache.call(use({ code: 'ECONNRESET' }), { idempotent: true })).toBe('b');
    expect(await cache.call(use({ code: 'ECONNREFUSED' }))).toBe('b');
    expect(asked).toEqual(['a', 'a', 'b', 'a', 'b']);
    const wrong = cache.call(async () => Promise.reject(new Error('bad key')), { outcomeOf: () => 'ok' });
    await expect(wrong).rejects.toThrow('bad key');
    expect(cache.state.nodes.map(({ tier }) => tier)).toEqual(['unreachable', 'up']);
  });

  it('an acquired node counts as pending until its first release, and leaving the block of `using` releases it as cancelled', async () => {
    await using users = await fleet('users', says('a'), says('b'));
    await using client = createClient(users.registry, { logger });
    await client.ready('users');
    const service = client.service('users');
    const pending = (): number => service.state.nodes.reduce((sum, node) => sum + node.pending, 0);
    {
      using attempt = service.acquire();
      const other = service.acquire(undefined, [attempt.node]);
      expect(other.node.id).not.toBe(attempt.node.id);
      expect(pending()).toBe(2);
      other.release('unreachable');
      other.release('ok');
      expect(pending()).toBe(1);
    }
    expect(pending()).toBe(0);
    expect(service.state.nodes.filter(({ tier }) => tier === 'unreachable')).toHaveLength(1);
  });

  it('a client publishes picks and attempts on its diagnostics channels', async () => {
    await using users = await fleet('users', says('a', 404));
    await using client = createClient(users.registry, { logger });
    const seen: unknown[] = [];
    const note = (message: unknown): void => void seen.push(message);
    const channels = [pickChannel, attemptChannel] as unknown as {
      subscribe(f: typeof note): void;
      unsubscribe(f: typeof note): void;
    }[];
    for (const channel of channels) channel.subscribe(note);
    await client.fetch('http://users/');
    for (const channel of channels) channel.unsubscribe(note);
    expect(seen).toMatchObject([{ service: 'users' }, { service: 'users', result: 'answered', node: { id: 'n0' } }]);
  });

  it.each([
    [{ attempts: 11 }, 'attempts must be a number in 1..10, got 11'],
    [{ guard: { holdMs: 1 } }, 'guard.holdMs must be'],
    [{ services: { users: { timeoutMs: -1 } } }, 'services.users.timeoutMs must be'],
    [{ split: { '1': 0.7, '2': 0.7 } }, 'split must be shares'],
    [{ zone: { name: '' } }, 'zone.name must be a name'],
    [{ ejection: { baseMs: 10, maxMs: 5 } }, 'ejection.maxMs must be at least'],
  ])('createClient refuses %j and names the option', async (options, message) => {
    await using registry = memory();
    expect(() => createClient(registry, options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => createClient(registry, options)).toThrow(message);
  });
});

describe('the snapshot file', () => {
  it('a snapshot file lets a client start while the registry is lost, is readable by its owner alone, and is ignored when broken', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-client-'));
    const snapshotFile = join(folder, 'deep', 'nightly.json');
    try {
      await using users = await fleet('users', says('a'));
      const registry = faulty(users.registry);
      const first = createClient(registry, { logger, snapshotFile });
      await first.fetch('http://users/');
      await first.close();
      expect((await stat(snapshotFile)).mode & 0o777).toBe(0o600);
      expect(await readFile(snapshotFile, 'utf8')).toContain(users.members[0]?.address);
      registry.down();
      await using second = createClient(registry, { logger, snapshotFile });
      expect(await (await second.fetch('http://users/')).text()).toBe('a');
      expect(second.service('users').state.status).toBe('restored');
      registry.up();
      await eventually(() => second.service('users').state.status === 'live', 'live');
      // The client is closed first, because an open client writes the snapshot file.
      await second.close();
      await writeFile(snapshotFile, '{"format":1,"services":[]');
      const { logger: own, lines } = notebook();
      await using third = createClient(registry, { logger: own, snapshotFile });
      expect(await (await third.fetch('http://users/')).text()).toBe('a');
      expect(lines[0]).toMatch(/^the snapshot file .* is ignored, and written anew at the next change: /);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
