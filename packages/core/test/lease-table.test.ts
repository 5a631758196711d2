import { LeaseTable } from '@rollcall/core/adapter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('LeaseTable', () => {
  it('a LeaseTable ends a lease at its TTL after the last renewal, not before', () => {
    const table = new LeaseTable<string>();
    table.set('a', 'A', 100, 0);
    expect(table.nextDeadline()).toBe(100);
    expect(table.renew('a', 60)).toBe(true);
    expect(table.expire(159)).toEqual([]);
    expect(table.expire(160)).toEqual(['A']);
    expect(table.renew('a', 161)).toBe(false);
    expect(table.nextDeadline()).toBeUndefined();
  });

  it('a LeaseTable agrees with a scan of a map after any sequence of operations', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), id, ttlMs: fc.constantFrom(10, 20, 30) }),
      fc.record({ do: fc.constant('renew' as const), id }),
      fc.record({ do: fc.constant('delete' as const), id }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.nat(25) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const table = new LeaseTable<string>();
        const model = new Map<string, { ttlMs: number; at: number }>();
        let now = 0;
        for (const one of steps) {
          if (one.do === 'set') {
            table.set(one.id, one.id, one.ttlMs, now);
            model.set(one.id, { ttlMs: one.ttlMs, at: now });
          } else if (one.do === 'renew') {
            const known = model.get(one.id);
            expect(table.renew(one.id, now)).toBe(known !== undefined);
            if (known) known.at = now;
          } else if (one.do === 'delete') {
            expect(table.delete(one.id)).toBe(model.delete(one.id));
          } else {
            now += one.ms;
            const due = [...model].filter(([, lease]) => lease.at + lease.ttlMs <= now).map(([key]) => key);
            expect(table.expire(now).sort()).toEqual(due.sort());
            for (const key of due) model.delete(key);
          }
          const ends = [...model.values()].map((lease) => lease.at + lease.ttlMs);
          expect(table.nextDeadline()).toBe(ends.length === 0 ? undefined : Math.min(...ends));
          expect(table.size).toBe(model.size);
        }
      }),
    );
  });

  it('a LeaseTable renews as fast with 20,000 distinct TTLs as with one', () => {
    const perRenewal = (distinct: number): number => {
      const table = new LeaseTable<number>();
      for (let id = 0; id < 20_000; id += 1) table.set(`${id}`, id, 1_000_000 + (id % distinct), 0);
      // The test measures CPU time, so that other work on the machine does not count.
      const started = process.cpuUsage();
      for (let id = 0; id < 20_000; id += 1) {
        table.renew(`${id}`, id);
        table.nextDeadline();
        table.expire(id);
      }
      return process.cpuUsage(started).user / 1_000 / 20_000;
    };
    perRenewal(1);
    // A scan of all lists would take 100 us or more.
    expect(perRenewal(20_000)).toBeLessThan(0.02);
  });
});
