import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Timed, TimedLists } from '../../src/leases/timed-lists.ts';

interface Item extends Timed {
  readonly id: number;
}

const newItem = (id: number): Item => ({ id, list: undefined, since: 0, previous: undefined, next: undefined });

describe('timed lists', () => {
  it('timed lists take out exactly the items whose time is over, earliest end first, as a scan of all items does', () => {
    const step = fc.record({
      id: fc.nat(7),
      act: fc.constantFrom('set', 'set', 'delete', 'expire'),
      afterMs: fc.constantFrom(10, 20, 35),
      passMs: fc.nat(15),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const items = Array.from({ length: 8 }, (_, id) => newItem(id));
        const lists = new TimedLists<Item>();
        const ends = new Map<number, number>();
        let now = 0;
        for (const { id, act, afterMs, passMs } of steps) {
          now += passMs;
          if (act === 'set') {
            lists.set(items[id]!, afterMs, now);
            ends.set(id, now + afterMs);
          } else if (act === 'delete') {
            lists.delete(items[id]!);
            ends.delete(id);
          } else {
            const due = [...ends].filter(([, end]) => end <= now).map(([due]) => due);
            const taken = lists.expire(now).map((item) => item.id);
            expect(taken.toSorted()).toEqual(due.toSorted());
            const order = taken.map((each) => ends.get(each));
            expect(order).toEqual(order.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
            for (const each of due) ends.delete(each);
          }
          const first = Math.min(...ends.values());
          if (ends.size > 0) expect(lists.nextDeadline()).toBeLessThanOrEqual(first);
        }
      }),
      { numRuns: 500 },
    );
  });
});
