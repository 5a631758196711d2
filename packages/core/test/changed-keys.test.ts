import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DeleteReason } from '../src/contract.ts';
import { ChangedKeys } from '../src/guard/changed-keys.ts';

const reasons: readonly DeleteReason[] = ['deregistered', 'expired', 'unknown'];
const step = fc.oneof(
  fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), reason: fc.constantFrom(...reasons) }),
  fc.constantFrom('shift' as const, 'first' as const, 'clear' as const),
);

it('ChangedKeys yields keys in the order of their first change, with their last reason', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ChangedKeys();
      const model = new Map<string, DeleteReason>();
      for (const action of steps) {
        const [first] = model.keys();
        if (typeof action === 'object') {
          queue.add(action.key, action.reason);
          model.set(action.key, action.reason);
        } else if (action === 'clear') {
          queue.clear();
          model.clear();
        } else if (action === 'shift') {
          expect(queue.shift()).toBe(first === undefined ? undefined : model.get(first));
          if (first !== undefined) model.delete(first);
        } else {
          expect(queue.first).toBe(first);
        }
        expect(queue.size).toBe(model.size);
        for (const key of ['a', 'b', 'c', 'd']) expect(queue.has(key)).toBe(model.has(key));
      }
      const rest: string[] = [];
      for (let key = queue.first; key !== undefined; key = queue.first) {
        rest.push(key);
        queue.shift();
      }
      expect(rest).toEqual([...model.keys()]);
    }),
    { numRuns: 2_000 },
  );
});
