import type { Concern } from '../case.ts';
import { farMs } from '../defaults.ts';
import { rejects, settles, throwsNow } from '../kit/expect.ts';
import { askingOperations, operations } from '../kit/operations.ts';
import { within } from '../kit/waiting.ts';
import { eachOperation } from './each-operation.ts';

/** After the call of `close()` no call begins, and pending calls end. */
export const closing: Concern = {
  concern: 'while closing',
  cases: {
    ...eachOperation(operations, '%s is CLOSED as soon as close was called', ({ name, run }) => async (context) => {
      const registry = await context.open();
      await registry.init();
      const ending = registry.close();
      await rejects(name, { code: 'CLOSED', withinMs: context.soonMs }, () => run(registry, context.name()));
      await within('close()', context.settleMs, ending);
    }),

    ...eachOperation(operations, '%s that is under way at close ends, with its result or CLOSED', ({ name, run }) => {
      return async (context) => {
        const registry = await context.open();
        const running = settles(name, context.settleMs, ['CLOSED'], () => run(registry, context.name()));
        const ending = within('close()', context.settleMs, registry.close());
        // Await the call and the close together, so that neither rejection is unhandled.
        await Promise.all([running, ending]);
      };
    }),

    'watch throws CLOSED as soon as close was called': async (context) => {
      const registry = await context.open();
      await registry.init();
      const ending = registry.close();
      throwsNow('watch', 'CLOSED', () => registry.watch());
      await within('close()', context.settleMs, ending);
    },
  },
  faultCases: eachOperation(
    askingOperations,
    '%s that a frozen backend never answers is CLOSED by close',
    (operation) => {
      return async (context, faults) => {
        const registry = await context.open({ closeTimeoutMs: 500 });
        await registry.init();
        await faults.freeze();
        const call = () => operation.run(registry, context.name(), { timeoutMs: farMs });
        const running = rejects(operation.name, { code: 'CLOSED', withinMs: context.settleMs }, call);
        await Promise.all([running, within('close()', 500 + context.settleMs, registry.close())]);
      };
    },
  ),
};
