import { DeadlineQueue } from '@rollcall/core/adapter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('DeadlineQueue', () => {
  it('a DeadlineQueue agrees with a sorted map after any sequence of operations', () => {
    const item = fc.nat(12);
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), item, at: fc.nat(50) }),
      fc.record({ do: fc.constant('delete' as const), item }),
      fc.record({ do: fc.constant('take' as const), now: fc.nat(50) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const queue = new DeadlineQueue<number>();
        const model = new Map<number, number>();
        for (const one of steps) {
          if (one.do === 'set') {
            queue.set(one.item, one.at);
            model.set(one.item, one.at);
          } else if (one.do === 'delete') {
            expect(queue.delete(one.item)).toBe(model.delete(one.item));
          } else {
            const due = [...model].filter(([, at]) => at <= one.now);
            const taken = queue.takeDue(one.now);
            expect(taken.map((key) => model.get(key))).toEqual(due.map(([, at]) => at).sort((a, b) => a - b));
            for (const key of taken) model.delete(key);
          }
          const earliest = Math.min(...model.values());
          expect(queue.firstAt).toBe(model.size === 0 ? undefined : earliest);
          expect(queue.size).toBe(model.size);
        }
      }),
    );
  });
});
