import type { Concern } from '../case.ts';
import { rejects } from '../kit/expect.ts';
import { operations } from '../kit/operations.ts';
import { eachOperation } from './each-operation.ts';

/** A signal that is aborted before the call. */
export const alreadyAborted: Concern = {
  concern: 'with a signal that is aborted already',
  cases: {
    ...eachOperation(
      operations,
      '%s with a signal that is aborted already is ABORTED',
      ({ name, run }) =>
        async (context) => {
          const registry = await context.open();
          const signal = AbortSignal.abort();
          await rejects(name, { code: 'ABORTED', withinMs: context.soonMs }, () =>
            run(registry, context.name(), { signal }),
          );
        },
    ),

    ...eachOperation(
      operations,
      '%s with a timeout signal that is aborted already is TIMEOUT',
      ({ name, run }) =>
        async (context) => {
          const registry = await context.open();
          const signal = AbortSignal.abort(new DOMException('the deadline has passed', 'TimeoutError'));
          await rejects(name, { code: 'TIMEOUT', withinMs: context.soonMs }, () =>
            run(registry, context.name(), { signal }),
          );
        },
    ),
  },
};
