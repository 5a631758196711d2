import type { Concern } from '../case.ts';
import { farMs } from '../defaults.ts';
import { rejects, settles } from '../kit/expect.ts';
import { askingOperations, operations } from '../kit/operations.ts';
import { pause } from '../kit/waiting.ts';
import { eachOperation } from './each-operation.ts';

/** A signal that is aborted during the call. */
export const aborted: Concern = {
  concern: 'with a signal that is aborted during the call',
  cases: eachOperation(
    operations,
    '%s ends at once with its result or ABORTED when its signal is aborted',
    ({ name, run }) =>
      async (context) => {
        const registry = await context.open();
        const controller = new AbortController();
        const { signal } = controller;
        const running = settles(name, context.soonMs, ['ABORTED'], () => run(registry, context.name(), { signal }));
        controller.abort();
        await running;
      },
  ),
  faultCases: {
    ...eachOperation(
      askingOperations,
      '%s that a frozen backend never answers is ABORTED by its signal',
      ({ name, run }) => {
        return async (context, faults) => {
          const registry = await context.open();
          await registry.init();
          await faults.freeze();
          const controller = new AbortController();
          const options = { signal: controller.signal, timeoutMs: farMs };
          const call = () => run(registry, context.name(), options);
          const running = rejects(name, { code: 'ABORTED', withinMs: 50 + context.soonMs }, call);
          await pause(50);
          controller.abort();
          await running;
        };
      },
    ),

    ...eachOperation(
      askingOperations,
      '%s that a frozen backend never answers is TIMEOUT by AbortSignal.timeout',
      (operation) => {
        return async (context, faults) => {
          const registry = await context.open();
          await registry.init();
          await faults.freeze();
          const call = () =>
            operation.run(registry, context.name(), { signal: AbortSignal.timeout(50), timeoutMs: farMs });
          await rejects(operation.name, { code: 'TIMEOUT', withinMs: 50 + context.soonMs }, call);
        };
      },
    ),
  },
};
