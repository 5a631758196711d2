import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HandleTable } from '../../src/roll/handle-table.ts';

it('a table of handles finds what a map finds, in any order of entries that come and go', () => {
  const step = fc.record({ count: fc.integer({ min: 0, max: 200 }), act: fc.constantFrom('set', 'set', 'delete') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new HandleTable<string>();
      const map = new Map<number, string>();
      for (const [index, { count, act }] of steps.entries()) {
        if (act === 'set') {
          table.set(count, `${index}`);
          map.set(count, `${index}`);
        } else {
          table.delete(count);
          map.delete(count);
        }
      }
      for (let count = 0; count <= 200; count += 1) expect(table.get(count)).toBe(map.get(count));
    }),
  );
});

it('a table of handles finds nothing for a number that is not one of its handles', () => {
  const table = new HandleTable<string>();
  table.set(0, 'first');
  for (const count of [-1, -32, 0.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY])
    expect(table.get(count)).toBeUndefined();
});
