import { manualClock } from '@rollcall/core/testing';
import { expect, it, vi } from 'vitest';
import type { WatchContext } from '../src/watch/follow.ts';
import type { Roll } from '../src/watch/roll.ts';
import { settled } from '../src/watch/settled.ts';

type Node = Roll extends ReadonlyMap<string, infer T> ? T : never;
/** A roll of one node. `live`: no check of the node or its machine is critical. `passing`: its own check passes. */
const roll = (live: boolean, passing: boolean): Roll => new Map([['n1', { live, passing } as Node]]);

function setUp(isAfterOutage: boolean) {
  const clock = manualClock();
  const sink = { snapshot: vi.fn(), put: vi.fn(), remove: vi.fn(), alive: vi.fn() };
  const { signal } = new AbortController();
  const context = { clock, sink, signal, isAfterOutage } as unknown as WatchContext;
  return { clock, sink, context };
}

it('after an outage, a watch waits before it tells a delete of nodes whose own checks pass on a dead machine', async () => {
  const { clock, sink, context } = setUp(true);
  let isBack = false;
  const waiting = settled(context, roll(false, true), async () => roll(isBack, true));
  await clock.advance(1_000);
  isBack = true;
  await clock.advance(250);
  expect([...(await waiting).values()]).toMatchObject([{ live: true }]);
  // The watch must call `alive` while it waits, or the guard takes the wait for silence.
  expect(sink.alive.mock.calls.length).toBeGreaterThanOrEqual(4);
});

it('a watch tells a delete of the nodes of a machine that stays dead for five seconds', async () => {
  const { clock, context } = setUp(true);
  const waiting = settled(context, roll(false, true), async () => roll(false, true));
  for (let step = 0; step < 21; step += 1) await clock.advance(250);
  expect([...(await waiting).values()]).toMatchObject([{ live: false }]);
});

it('a watch tells a delete at once of a node whose own check is critical, and a first watch does not wait', async () => {
  const read = vi.fn(async () => roll(true, true));
  expect([...(await settled(setUp(true).context, roll(false, false), read)).values()]).toMatchObject([{ live: false }]);
  expect([...(await settled(setUp(false).context, roll(false, true), read)).values()]).toMatchObject([{ live: false }]);
  expect(read).not.toHaveBeenCalled();
});
