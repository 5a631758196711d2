import assert from 'node:assert/strict';
import type { Registry } from '@rollcall/core';
import type { Concern } from '../case.ts';
import type { CaseContext } from '../kit/context.ts';
import { assertServices } from '../kit/roll.ts';
import { changed, service } from '../kit/samples.ts';
import { pause } from '../kit/waiting.ts';

/** How long after an acknowledged write a read that begins must show it. */
const propagated = (context: CaseContext): Promise<void> =>
  pause(context.patient(Math.max(context.capabilities.propagationMs, 1)));

/** The names of this case's services in the list. */
const listed = async (context: CaseContext, registry: Registry): Promise<readonly string[]> =>
  (await registry.listServices()).map(({ name }) => name).filter((name) => name.startsWith(context.prefix));

/** A read answers the present state, however soon after an equal read. */
export const freshness: Concern = {
  concern: 'freshness of reads',
  cases: {
    'a read after a register of the same object shows it, also right after another read': async (context) => {
      const registry = await context.open();
      const name = context.name();
      assert.deepEqual(await registry.getService(name), []);
      await registry.register(service(name));
      assertServices(await registry.getService(name), [service(name)]);
      for (const mark of ['1', '2', '3']) {
        await registry.register(changed(service(name), mark));
        assertServices(await registry.getService(name), [changed(service(name), mark)]);
      }
    },

    'a read that begins after a register shows it, also while an earlier read is pending': async (context) => {
      const registry = await context.open();
      const name = context.name();
      for (const mark of ['1', '2', '3', '4']) {
        const early = [registry.getService(name), registry.listServices()];
        await registry.register(changed(service(name), mark));
        const [services, listing] = await Promise.all([registry.getService(name), listed(context, registry)]);
        assertServices(services, [changed(service(name), mark)]);
        assert.deepEqual(listing, [name]);
        await Promise.all(early);
      }
    },

    'a read of another object that begins propagationMs after a write shows it': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const reads = async (wanted: Parameters<typeof assertServices>[1]): Promise<void> => {
        // A read after a write must not come from a cache that an earlier write filled.
        await propagated(context);
        assertServices(await other.getService(name), wanted);
      };
      await other.getService(name);
      await registry.register(service(name));
      await reads([service(name)]);
      await registry.register(changed(service(name)));
      await reads([changed(service(name))]);
      await registry.deregister(service(name));
      await reads([]);
      await registry.register(service(name, ['b']));
      await reads([service(name, ['b'])]);
    },

    'listServices shows a write of its own object at once and one of another object after propagationMs': async (
      context,
    ) => {
      const [registry, other] = await context.openTwo();
      const [one, two] = [context.name('one'), context.name('two')];
      for (const each of [registry, other]) assert.deepEqual(await listed(context, each), []);
      await registry.register(service(one));
      assert.deepEqual(await listed(context, registry), [one]);
      await propagated(context);
      assert.deepEqual(await listed(context, other), [one]);
      await registry.register(service(two));
      await registry.deregister(service(one));
      await propagated(context);
      for (const each of [registry, other]) assert.deepEqual(await listed(context, each), [two]);
    },

    'a read is as fresh while the same service is watched': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await seen.until('synced', () => seen.synced);
      for (const mark of ['1', '2']) {
        await registry.register(changed(service(name), mark));
        await propagated(context);
        assertServices(await other.getService(name), [changed(service(name), mark)]);
      }
      await registry.deregister(service(name));
      await propagated(context);
      assert.deepEqual(await other.getService(name), []);
    },
  },
};
