import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import type { CallOptions } from '@rollcall/core';
import type { Concern } from '../case.ts';
import { operations } from '../kit/operations.ts';
import { assertServices } from '../kit/roll.ts';
import { changed, service } from '../kit/samples.ts';

/** Signals and deadlines, beyond what the traits say of each operation. */
export const abortAndDeadline: Concern = {
  concern: 'abort and deadline',
  cases: {
    'a call whose signal never aborts works as one without a signal': async (context) => {
      const registry = await context.open();
      const { signal } = new AbortController();
      const name = context.name();
      for (const { run } of operations) await run(registry, name, { signal, timeoutMs: 60_000 });
    },

    'a signal used for many calls keeps no listener': async (context) => {
      const registry = await context.open();
      const { signal } = new AbortController();
      for (const { run } of operations) {
        for (let index = 0; index < 5; index += 1) await run(registry, context.name(), { signal });
      }
      const seen = context.observe(registry, { name: context.name(), signal });
      await seen.until('synced', () => seen.synced);
      await seen.stop();
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    },

    'an abort after the end of a call has no effect': async (context) => {
      const registry = await context.open();
      const controller = new AbortController();
      const name = context.name();
      await registry.register(service(name), { signal: controller.signal });
      controller.abort();
      await registry.register(service(name, ['b']));
      assertServices(await registry.getService(name), [service(name, ['b', 'n1'])]);
    },

    'an aborted write can be repeated safely': async (context) => {
      const registry = await context.open();
      const name = context.name();
      for (let index = 0; index < 10; index += 1) {
        const controller = new AbortController();
        const writing = registry.register(service(name), { signal: controller.signal }).catch(() => {});
        if (index % 2 === 0) await Promise.resolve();
        controller.abort();
        await writing;
      }
      await registry.register(service(name));
      assertServices(await registry.getService(name), [service(name)]);
    },

    'an aborted write cannot overtake the next': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      const controller = new AbortController();
      const early = registry.register(service(name), { signal: controller.signal }).catch(() => {});
      controller.abort();
      await registry.register(changed(service(name)));
      await early;
      await seen.settlesTo([changed(service(name))]);
      assertServices(await registry.getService(name), [changed(service(name))]);
    },

    'an aborted call ends no other': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const controller = new AbortController();
      const aborted = registry.getService(name, { signal: controller.signal }).catch(() => {});
      const writing = registry.register(service(name));
      controller.abort();
      await Promise.all([aborted, writing]);
      assertServices(await registry.getService(name), [service(name)]);
    },

    'a read that is aborted or has a short deadline ends no other read of the same name': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name));
      const reads = [
        (options?: CallOptions) => registry.getService(name, options),
        (options?: CallOptions) => registry.listServices(options),
      ];
      for (const read of reads) {
        const controller = new AbortController();
        const aborted = read({ signal: controller.signal }).catch(() => {});
        const late = read({ timeoutMs: 1 }).catch(() => {});
        const others = [read(), read({ signal: new AbortController().signal })];
        controller.abort();
        await Promise.all([...others, aborted, late]);
      }
      assertServices(await registry.getService(name), [service(name)]);
    },

    'a deadline that is far away keeps neither the process nor a call waiting': async (context) => {
      const registry = await context.open({ timeoutMs: 3_600_000 });
      const name = context.name();
      await registry.register(service(name), { timeoutMs: 86_400_000 });
      assertServices(await registry.getService(name), [service(name)]);
    },
  },
};
