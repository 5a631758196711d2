import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { rejects, throwsNow } from '../kit/expect.ts';
import { askingOperations, operations } from '../kit/operations.ts';
import { service } from '../kit/samples.ts';

/** What every error must contain. */
export const errors: Concern = {
  concern: 'errors',
  cases: {
    'an error names its registry, and the refused call has written nothing': async (context) => {
      const registry = await context.open();
      const aborted = { code: 'ABORTED', withinMs: context.soonMs } as const;
      for (const { name, run } of operations) {
        const error = await rejects(name, aborted, () =>
          run(registry, context.name(), { signal: AbortSignal.abort() }),
        );
        assert.equal(
          error.registry,
          registry.name,
          `${name}: the error names the registry ${JSON.stringify(error.registry)}`,
        );
        assert(error instanceof Error && error.name === 'RegistryError');
      }
    },

    'the error of an aborted call has the reason of the abort as its cause': async (context) => {
      const registry = await context.open();
      const reason = new Error('enough');
      const aborted = { code: 'ABORTED', withinMs: context.soonMs } as const;
      const call = () => registry.getService(context.name(), { signal: AbortSignal.abort(reason) });
      assert.equal((await rejects('getService', aborted, call)).cause, reason);
    },

    'bad arguments make calls reject and make watch throw at once': async (context) => {
      const registry = await context.open();
      const bad = undefined as never;
      const invalid = { code: 'INVALID_ARGUMENT', withinMs: context.soonMs } as const;
      await rejects('register', invalid, () => registry.register(bad));
      await rejects('deregister', invalid, () => registry.deregister(bad));
      await rejects('getService', invalid, () => registry.getService(bad));
      throwsNow('watch', 'INVALID_ARGUMENT', () => registry.watch({ name: '' }));
    },

    'a registry works after a refused call': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register({ name, nodes: [] }).catch(() => {});
      await registry.register(service(name), { signal: AbortSignal.abort() }).catch(() => {});
      await registry.register(service(name));
      await context.shows(registry, name, [service(name)]);
    },

    'bad options of a registry throw when it is made': async (context) => {
      const bad = [{ timeoutMs: 0 }, { timeoutMs: Number.NaN }, { closeTimeoutMs: -1 }, { namespace: '' }];
      for (const options of [...bad, { namespace: 'a b' }, { namespace: 'a/b' }]) {
        const [field = ''] = Object.keys(options);
        const invalid = { code: 'INVALID_ARGUMENT', mentions: [field], withinMs: context.soonMs } as const;
        await rejects(`open(${JSON.stringify(options)})`, invalid, async () => context.open(options));
      }
    },
  },
  faultCases: {
    'an error of an outage has the error of the transport as its cause': async (context, faults) => {
      const registry = await context.open();
      await registry.init();
      await faults.stop();
      const unavailable = { code: 'UNAVAILABLE', withinMs: context.settleMs } as const;
      for (const { name, run } of askingOperations) {
        const error = await rejects(name, unavailable, () => run(registry, context.name()));
        assert.notEqual(error.cause, undefined, `${name}: the error has no cause`);
        assert.equal(
          error.registry,
          registry.name,
          `${name}: the error names the registry ${JSON.stringify(error.registry)}`,
        );
      }
    },
  },
};
