import { manualClock } from '@rollcall/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { DurableRoll } from '../../src/journal/durable-roll.ts';
import { type GroupStore, Journal } from '../../src/journal/journal.ts';
import { readChange } from '../../src/journal/records.ts';
import type { Group } from '../../src/journal/store/group.ts';
import { silentLogger } from '../../src/logs/silent-logger.ts';
import type { Change } from '../../src/roll/followers.ts';
import { Roll } from '../../src/roll/roll.ts';
import { retryWriteMs } from '../../src/server-options.ts';

/** A store that syncs its groups when the test says so. */
class HeldStore implements GroupStore {
  readonly groups: Group[] = [];
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  commit(group: Group): Promise<void> {
    this.groups.push(group);
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  async sync(): Promise<void> {
    await turn();
    this.#settle?.resolve();
    await turn();
  }

  async fail(why = 'ENOSPC'): Promise<void> {
    await turn();
    this.#settle?.reject(new Error(why));
    await turn();
  }
}

/** Lets a setImmediate and the promises behind it run. */
const turn = async (): Promise<void> => {
  for (let round = 0; round < 3; round += 1) await new Promise((resolve) => setImmediate(resolve));
};

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

function journaled() {
  const clock = manualClock();
  const roll = new Roll({ clock, protection: false, cpuTimeMs: () => 0, maxBytes: 2 ** 30, isKept: true });
  const published = new DurableRoll(roll);
  const told: Change[] = [];
  const follower = { changed: (change: Change) => void told.push(change), failed: () => {} };
  const seen: string[] = [];
  const observer = {
    synced: (ms: number) => void seen.push(`synced ${ms}`),
    unwritable: () => void seen.push('unwritable'),
    writable: () => void seen.push('writable'),
  };
  const options = {
    roll,
    published,
    clock,
    logger: silentLogger,
    followers: [follower],
    observer,
    completeAfter: () => 0,
  };
  const journal = new Journal(options);
  const store = new HeldStore();
  journal.begin(store, 0);
  cleanUps.push(() => roll.close());
  const register = (id: string, over: object = {}) =>
    roll.register([
      { env: 'e', service: 'web', id, addresses: ['a:1'], ttlMs: 3_000, renewIntervalMs: 1_000, ...over },
    ])[0]!.handle;
  const listed = () => published.instances('e', 'web').map(({ id }) => id);
  return { clock, roll, published, told, journal, store, register, listed, seen };
}

/** Tells how a promise ended: `pending`, `resolved`, or the message of its error. */
function outcome(promise: Promise<void> | undefined): () => string {
  let state = 'pending';
  promise?.then(
    () => {
      state = 'resolved';
    },
    (error: Error) => {
      state = error.message;
    },
  );
  return () => state;
}

describe('the journal', () => {
  it('a change is shown, told and answered when its group is synced, not before', async () => {
    const { roll, published, told, journal, store, register, listed } = journaled();
    register('a');
    const answer = outcome(journal.written());
    await turn();
    expect([listed(), told.length, published.revision, roll.revision, answer()]).toEqual([[], 0, 0, 1, 'pending']);
    await store.sync();
    expect([listed(), told.length, published.revision, answer()]).toEqual([['a'], 1, 1, 'resolved']);
  });

  it('the journal tells its observer how long each sync took, and once each when the store fails and when it works again', async () => {
    const { clock, store, register, seen } = journaled();
    register('a');
    await turn();
    await clock.advance(40);
    await store.sync();
    expect(seen).toEqual(['synced 40']);
    register('b');
    await turn();
    await store.fail('no space left');
    await clock.advance(retryWriteMs);
    await store.fail('no space left');
    expect(seen).toEqual(['synced 40', 'unwritable']);
    await clock.advance(retryWriteMs);
    await store.sync();
    expect(seen).toEqual(['synced 40', 'unwritable', 'synced 0', 'writable']);
  });

  it('the journal writes changes that come during a sync as one more group', async () => {
    const { journal, store, register, listed } = journaled();
    register('a');
    await turn();
    register('b');
    register('c');
    const answer = outcome(journal.written());
    await store.sync();
    expect([store.groups.length, listed(), answer()]).toEqual([2, ['a'], 'pending']);
    await store.sync();
    expect([store.groups.length, listed(), answer()]).toEqual([2, ['a', 'b', 'c'], 'resolved']);
    expect(store.groups[1]!.changes.map(([revision]) => revision)).toEqual([2, 3]);
  });

  it('the journal writes evictions and late marks like any change, and no renewal', async () => {
    const { clock, roll, store, register, listed } = journaled();
    const handle = register('a');
    register('b');
    await store.sync();
    const groups = store.groups.length;
    await clock.advance(1_000);
    roll.renew(handle);
    await turn();
    expect(store.groups).toHaveLength(groups);
    await clock.advance(500);
    await store.sync();
    expect(store.groups.at(-1)!.changes.map(([, text]) => readChange(text))).toMatchObject([
      { instance: { id: 'b', late: true } },
    ]);
    await clock.advance(1_600);
    roll.renew(handle);
    // This sync writes the late mark of `a`, which became late at 2,250 ms.
    await store.sync();
    expect(listed()).toEqual(['a', 'b']);
    await store.sync();
    expect(listed()).toEqual(['a']);
    expect(store.groups.at(-1)!.entries).toContainEqual(['e/web/b', expect.stringContaining('evicted')]);
  });

  it('the journal knows which instances have changes that are not written yet', async () => {
    const { journal, store, register } = journaled();
    const pending = () => ['a', 'b'].map((id) => journal.isPending({ env: 'e', service: 'web', id }));
    register('a');
    await turn();
    register('b');
    expect(pending()).toEqual([true, true]);
    await store.sync();
    expect(pending()).toEqual([false, true]);
    await store.sync();
    expect([pending(), journal.written()]).toEqual([[false, false], undefined]);
  });
});

describe('while the store cannot be written', () => {
  it('while the store cannot be written, writes are refused with the reason, failed changes stay hidden, nothing is evicted, renewals pass, and writes work again afterwards', async () => {
    const { clock, roll, told, journal, store, register, listed } = journaled();
    const handle = register('a');
    register('silent');
    await store.sync();
    register('b');
    const answer = outcome(journal.written());
    await store.fail();
    expect(answer()).toMatch(/the store cannot be written \(ENOSPC\)/);
    expect(() => register('c')).toThrow(/the store cannot be written \(ENOSPC\)/);
    expect(() => roll.deregister({ env: 'e', service: 'web', id: 'a' })).toThrow(/cannot be written/);
    for (let second = 0; second < 10; second += 1) {
      await clock.advance(1_000);
      expect(roll.renew(handle)).toBe('renewed');
      await store.fail();
    }
    expect([listed(), told.length]).toEqual([['a', 'silent'], 2]);
    await clock.advance(1_000);
    await store.sync();
    expect(told.map(({ type, instance: { id } }) => `${type} ${id}`).slice(2)).toContain('put b');
    await store.sync();
    roll.settle();
    await store.sync();
    expect(listed()).toEqual(['a']);
    expect(register('c')).toBeGreaterThan(0);
  });

  it('writes are refused when the disk takes nothing for five seconds, and work again when it does', async () => {
    const { clock, journal, store, register, listed } = journaled();
    register('a');
    const answer = outcome(journal.written());
    await turn();
    await clock.advance(5_000);
    await turn();
    expect(answer()).toMatch(/has not finished a write for 5 s/);
    expect(() => register('b')).toThrow(/cannot be written/);
    await store.sync();
    expect(listed()).toEqual(['a']);
    register('b');
  });
});
