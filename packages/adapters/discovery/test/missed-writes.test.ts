import { type Entry, type EntryKey, entryKey, type Lease } from '@rollcall/core/adapter';
import { expect, it } from 'vitest';
import { manualClock } from '../../../core/src/testing/index.ts';
import { HttpError } from '../src/http/http-error.ts';
import { MissedWrites } from '../src/servers/missed-writes.ts';

const entry = (id: string): Entry => ({
  ...{ name: 'svc', version: '', metadata: {}, endpoints: [] },
  node: { id, address: '10.0.0.1:80', metadata: {} },
});
const lease: Lease = { ttlMs: 3_000, renewIntervalMs: 1_000 };

function missed(fails: (sent: number) => Error | undefined = () => undefined) {
  const clock = manualClock();
  const closed = new AbortController();
  const sent: { readonly at: number; readonly what: string }[] = [];
  const send = async (what: string): Promise<void> => {
    sent.push({ at: Math.round(clock.now()), what });
    const failure = fails(sent.length);
    if (failure !== undefined) throw failure;
  };
  const writes = new MissedWrites({
    clock,
    closed: closed.signal,
    register: (entries) => send(`+${entries.map(({ node }) => node.id).join()}`),
    cancel: (keys: readonly EntryKey[]) => send(`-${keys.map(({ id }) => id).join()}`),
  });
  return { writes, clock, sent, closed };
}

it("the adapter replays missed writes no earlier than the server's Retry-After allows", async () => {
  const { writes, clock, sent } = missed((count) =>
    count < 3 ? new HttpError('answered 503', 503, 7_000) : undefined,
  );
  writes.registered([entry('a')], lease);
  for (let passed = 0; passed < 30_000; passed += 100) await clock.advance(100);
  expect(sent).toHaveLength(3);
  const [first, second, third] = sent.map(({ at }) => at) as [number, number, number];
  expect(second - first).toBeGreaterThanOrEqual(7_000);
  expect(third - second).toBeGreaterThanOrEqual(7_000);
  expect(third - first).toBeLessThan(16_000);
});

it('the adapter replays only the last missed write of each node, removals first, hundreds in a few requests', async () => {
  const { writes, clock, sent } = missed();
  writes.registered(
    Array.from({ length: 120 }, (_, index) => entry(`n${index}`)),
    lease,
  );
  writes.registered([entry('other')], undefined);
  writes.cancelled([entryKey(entry('n0')), entryKey(entry('n1'))]);
  writes.registered([entry('n1')], lease);
  writes.forget([entryKey(entry('n2'))]);
  for (let passed = 0; passed < 2_000; passed += 100) await clock.advance(100);
  expect(sent[0]?.what).toBe('-n0');
  const registered = sent.slice(1).map(({ what }) => what.slice(1).split(','));
  expect(registered.map(({ length }) => length)).toEqual([50, 50, 18, 1]);
  expect(registered.flat()).toContain('n1');
  expect(registered.flat()).not.toContain('n2');
});

it('when a part of the replay fails, the adapter does not repeat the earlier parts that the server acknowledged', async () => {
  const { writes, clock, sent } = missed((count) => (count === 2 ? new HttpError('answered 500', 500) : undefined));
  writes.registered(
    Array.from({ length: 60 }, (_, index) => entry(`n${index}`)),
    lease,
  );
  for (let passed = 0; passed < 5_000; passed += 100) await clock.advance(100);
  expect(sent.map(({ what }) => what.split(',').length)).toEqual([50, 10, 10]);
});

it('the adapter replays no missed write after the registry is closed', async () => {
  const { writes, clock, sent, closed } = missed();
  writes.registered([entry('a')], lease);
  closed.abort(new Error('closed'));
  for (let passed = 0; passed < 5_000; passed += 100) await clock.advance(100);
  expect(sent).toEqual([]);
});
