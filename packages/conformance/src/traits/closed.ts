import type { Concern } from '../case.ts';
import { rejects, throwsNow } from '../kit/expect.ts';
import { operations } from '../kit/operations.ts';
import { eachOperation } from './each-operation.ts';

/** After `close()` every call is `CLOSED`. */
export const closed: Concern = {
  concern: 'when closed',
  cases: {
    ...eachOperation(operations, '%s of a closed registry is CLOSED', ({ name, run }) => async (context) => {
      const registry = await context.open();
      await registry.init();
      await registry.close();
      await rejects(name, { code: 'CLOSED', withinMs: context.soonMs }, () => run(registry, context.name()));
    }),

    'watch of a closed registry throws CLOSED': async (context) => {
      const registry = await context.open();
      await registry.close();
      throwsNow('watch', 'CLOSED', () => registry.watch());
    },
  },
  faultCases: eachOperation(
    operations,
    '%s of a closed registry is CLOSED, also while the backend is down',
    ({ name, run }) => {
      return async (context, faults) => {
        const registry = await context.open();
        await registry.init();
        await faults.stop();
        await registry.close();
        await rejects(name, { code: 'CLOSED', withinMs: context.soonMs }, () => run(registry, context.name()));
      };
    },
  ),
};
