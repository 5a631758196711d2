import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { rejects, settles, timed } from '../kit/expect.ts';
import { askingOperations, operations } from '../kit/operations.ts';
import { eachOperation } from './each-operation.ts';

const deadlineMs = 150;

/** Every call has a deadline. */
export const deadline: Concern = {
  concern: 'with a deadline',
  cases: eachOperation(
    operations,
    '%s ends within its deadline, with its result or TIMEOUT',
    ({ name, run }) =>
      async (context) => {
        const registry = await context.open();
        await settles(name, context.soonMs, ['TIMEOUT'], () => run(registry, context.name(), { timeoutMs: 1 }));
      },
  ),
  faultCases: {
    ...eachOperation(
      askingOperations,
      '%s on a frozen backend is TIMEOUT at its deadline, not before and not long after',
      (operation) => {
        return async (context, faults) => {
          const registry = await context.open();
          await registry.init();
          await faults.freeze();
          const limit = { code: 'TIMEOUT', withinMs: deadlineMs + context.soonMs } as const;
          const call = () => operation.run(registry, context.name(), { timeoutMs: deadlineMs });
          const took = await timed(() => rejects(operation.name, limit, call));
          assert(took >= deadlineMs - 2, `TIMEOUT after ${took} ms of ${deadlineMs}`);
        };
      },
    ),

    ...eachOperation(
      askingOperations,
      '%s on a frozen backend is TIMEOUT by the deadline of the registry',
      (operation) => {
        return async (context, faults) => {
          const registry = await context.open({ timeoutMs: context.patient(400) });
          await registry.init();
          await faults.freeze();
          const limit = { code: 'TIMEOUT', withinMs: context.patient(400) + context.soonMs } as const;
          await rejects(operation.name, limit, () => operation.run(registry, context.name()));
        };
      },
    ),

    'init of a fresh registry on a frozen backend is TIMEOUT': async (context, faults) => {
      await faults.freeze();
      const registry = await context.open();
      const limit = { code: 'TIMEOUT', withinMs: deadlineMs + context.soonMs } as const;
      await rejects('init', limit, () => registry.init({ timeoutMs: deadlineMs }));
    },
  },
};
