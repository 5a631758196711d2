import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { service } from '../kit/samples.ts';
import { within } from '../kit/waiting.ts';

const done = { done: true, value: undefined };

/** How a watcher ends: always without an error. */
export const watchEnd: Concern = {
  concern: 'end of a watch',
  cases: {
    'return ends a watch and its pending next': async (context) => {
      const registry = await context.open();
      const seen = context.slowObserver(registry, { name: context.name() });
      await seen.pullUntilSynced();
      const pending = seen.watcher.next();
      assert.deepEqual(await within('return()', context.soonMs, seen.watcher.return()), done);
      assert.deepEqual(await within('the pending next()', context.soonMs, pending), done);
    },

    'next of an ended watch is done, whatever changes on the roll': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const seen = context.slowObserver(registry, { name });
      await seen.pullUntilSynced();
      await registry.register(service(name, ['a']));
      await seen.watcher.return();
      await registry.register(service(name, ['b']));
      for (let index = 0; index < 3; index += 1) {
        assert.deepEqual(await within('next()', context.soonMs, seen.watcher.next()), done);
      }
      assert.deepEqual(await within('return()', context.soonMs, seen.watcher.return()), done);
    },

    'break out of a loop ends a watch': async (context) => {
      const registry = await context.open();
      const watcher = registry.watch({ name: context.name() });
      const loop = async (): Promise<void> => {
        for await (const event of watcher) {
          assert.equal(event.type, 'synced');
          break;
        }
      };
      await within('the loop', context.settleMs, loop());
      assert.deepEqual(await within('next()', context.soonMs, watcher.next()), done);
    },

    'disposal of a watcher ends the watch': async (context) => {
      const registry = await context.open();
      const seen = context.slowObserver(registry, { name: context.name() });
      await seen.pullUntilSynced();
      const pending = seen.watcher.next();
      await within('disposal', context.soonMs, seen.watcher[Symbol.asyncDispose]());
      assert.deepEqual(await within('the pending next()', context.soonMs, pending), done);
    },

    'the signal of a watch ends it without an error': async (context) => {
      const registry = await context.open();
      const controller = new AbortController();
      const seen = context.observe(registry, { name: context.name(), signal: controller.signal });
      await seen.until('synced', () => seen.synced);
      controller.abort(new Error('enough'));
      await seen.ends(context.soonMs);
    },

    'a signal that is already aborted ends a watch before it starts': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name));
      const watcher = registry.watch({ name, signal: AbortSignal.abort() });
      assert.deepEqual(await within('next()', context.soonMs, watcher.next()), done);
    },

    'the signal of one watch ends no other watch': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const controller = new AbortController();
      const first = context.observe(other, { name, signal: controller.signal });
      const second = context.observe(other, { name });
      await first.until('synced', () => first.synced);
      controller.abort();
      await first.ends(context.soonMs);
      await registry.register(service(name));
      await second.settlesTo([service(name)]);
    },

    'close of the registry ends a watch and its pending next': async (context) => {
      const registry = await context.open();
      const seen = context.slowObserver(registry, { name: context.name() });
      await seen.pullUntilSynced();
      const pending = seen.watcher.next();
      const all = context.observe(registry);
      await registry.close();
      assert.deepEqual(await within('the pending next()', context.soonMs, pending), done);
      await all.ends(context.soonMs);
    },

    'close ends a watcher that has not started': async (context) => {
      const registry = await context.open();
      const watcher = registry.watch();
      await registry.close();
      assert.deepEqual(await within('next()', context.soonMs, watcher.next()), done);
    },

    'a registry works after many watches began and ended': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name));
      for (let index = 0; index < 30; index += 1) {
        const seen = context.slowObserver(registry, { name });
        assert.equal((await seen.pull())?.type, 'create');
        await seen.stop();
      }
      await context.observe(registry, { name }).settlesTo([service(name)]);
    },
  },
};
