import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { rejects } from '../kit/expect.ts';
import { askingOperations, operations } from '../kit/operations.ts';
import { service } from '../kit/samples.ts';
import { eachOperation } from './each-operation.ts';

/** A backend that cannot be asked is `UNAVAILABLE`, never an empty answer. */
export const down: Concern = {
  concern: 'while the backend is down',
  cases: {},
  faultCases: {
    ...eachOperation(askingOperations, '%s of a registry that was connected is UNAVAILABLE', ({ name, run }) => {
      return async (context, faults) => {
        const registry = await context.open();
        const known = context.name();
        await registry.register(service(known));
        await faults.stop();
        await rejects(name, { code: 'UNAVAILABLE', withinMs: context.settleMs }, () => run(registry, known));
      };
    }),

    ...eachOperation(operations, '%s of a registry that never was connected is UNAVAILABLE', ({ name, run }) => {
      return async (context, faults) => {
        await faults.stop();
        const registry = await context.open();
        const unavailable = { code: 'UNAVAILABLE', withinMs: context.settleMs } as const;
        await rejects(name, unavailable, () => run(registry, context.name()));
      };
    }),

    ...eachOperation(
      operations,
      '%s works when the backend is back, also after calls that failed meanwhile',
      ({ name, run }) => {
        return async (context, faults) => {
          const [registry, fresh] = [await context.open(), await context.open()];
          await registry.init();
          await faults.stop();
          await Promise.allSettled([run(registry, context.name('a')), run(fresh, context.name('b'))]);
          await faults.start();
          await context.recovers(name, () => run(registry, context.name('a')));
          await context.recovers(name, () => run(fresh, context.name('b')));
        };
      },
    ),

    'watch does not throw while the backend is down, and tells interrupted': async (context, faults) => {
      await faults.stop();
      const registry = await context.open();
      const seen = context.slowObserver(registry, { name: context.name() });
      const first = await seen.pull(context.recoverMs);
      assert.equal(first?.type, 'interrupted');
      assert(first.error.retryable, `${first.error.code} is not retryable`);
    },
  },
};
