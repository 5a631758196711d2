import assert from 'node:assert/strict';
import type { Registry } from '@rollcall/core';
import type { CaseBody, Concern } from '../case.ts';
import type { CaseContext } from '../kit/context.ts';
import { rejects } from '../kit/expect.ts';
import { assertServices } from '../kit/roll.ts';
import { changed, service } from '../kit/samples.ts';

/** Registries in two namespaces of one backend. */
interface Pair {
  readonly red: Registry;
  readonly blue: Registry;
  openRed(): Promise<Registry>;
}

/** Runs the body if the backend has namespaces; otherwise the option must be `NOT_SUPPORTED`. */
function separated(body: (context: CaseContext, pair: Pair) => Promise<void>): CaseBody {
  return async (context) => {
    const namespace = (color: string): string => `${context.prefix}-${color}`;
    if (!context.capabilities.namespaces) {
      const notSupported = { code: 'NOT_SUPPORTED', withinMs: context.settleMs } as const;
      await rejects('a namespace', notSupported, async () => {
        const registry = await context.open({ namespace: namespace('red') });
        await registry.init();
      });
      return;
    }
    const openRed = (): Promise<Registry> => context.open({ namespace: namespace('red') });
    await body(context, { red: await openRed(), blue: await context.open({ namespace: namespace('blue') }), openRed });
  };
}

/** Rolls that are separate from each other. */
export const namespaces: Concern = {
  concern: 'namespaces',
  cases: {
    'reads see their own namespace only': separated(async (context, { red, blue, openRed }) => {
      const name = context.name();
      await red.register(service(name));
      assert.deepEqual(await blue.getService(name), []);
      assertServices(await red.getService(name), [service(name)]);
      await context.shows(await openRed(), name, [service(name)]);
    }),

    'lists see their own namespace only': separated(async (context, { red, blue }) => {
      await red.register(service(context.name('r')));
      await blue.register(service(context.name('b')));
      const names = async (registry: Registry) => (await registry.listServices()).map(({ name }) => name);
      assert.deepEqual(await names(red), [context.name('r')]);
      assert.deepEqual(await names(blue), [context.name('b')]);
    }),

    'watches see their own namespace only': separated(async (context, { red, blue }) => {
      const name = context.name();
      const [inRed, inBlue] = [context.observe(red), context.observe(blue, { name })];
      await red.register(service(name, ['r']));
      await blue.register(service(name, ['b']));
      await inRed.settlesTo([service(name, ['r'])]);
      await inBlue.settlesTo([service(name, ['b'])]);
    }),

    'the same id in two namespaces is two nodes without a conflict': separated(async (context, { red, blue }) => {
      const name = context.name();
      await red.register(service(name));
      await blue.register(changed(service(name)));
      await red.register(service(name));
      assertServices(await red.getService(name), [service(name)]);
      assertServices(await blue.getService(name), [changed(service(name))]);
    }),

    'deregister and close reach their own namespace only': separated(async (context, { red, blue, openRed }) => {
      const name = context.name();
      await red.register(service(name, ['a', 'b']));
      await blue.register(service(name, ['a', 'b']));
      await red.deregister(service(name, ['a']));
      await red.close();
      await context.shows(await openRed(), name, []);
      await context.shows(blue, name, [service(name, ['a', 'b'])]);
    }),

    'deregister of a node that only another namespace has removes nothing there': separated(
      async (context, { red, blue, openRed }) => {
        const name = context.name();
        const none = await context.open();
        await red.register(service(name, ['a']));
        await none.register(service(name, ['b']));
        for (const id of ['a', 'b']) await blue.deregister(service(name, [id]));
        await none.deregister(service(name, ['a']));
        await red.deregister(service(name, ['b']));
        await context.shows(await openRed(), name, [service(name, ['a'])]);
        await context.shows(none, name, [service(name, ['b'])]);
      },
    ),

    'lists and watches of all services see neither a namespace from none nor none from a namespace': separated(
      async (context, { red }) => {
        const none = await context.open();
        const [inside, outside] = [context.name('inside'), context.name('outside')];
        const [inRed, inNone] = [context.observe(red), context.observe(none)];
        await red.register(service(inside));
        await none.register(service(outside));
        await inRed.settlesTo([service(inside)]);
        await inNone.settlesTo([service(outside)]);
        const names = async (registry: Registry) =>
          (await registry.listServices()).map(({ name }) => name).filter((name) => name.startsWith(context.prefix));
        assert.deepEqual(await names(red), [inside]);
        assert.deepEqual(await names(none), [outside]);
      },
    ),

    'namespaces that begin alike are separate': separated(async (context, { red }) => {
      const name = context.name();
      const longer = await context.open({ namespace: `${context.prefix}-red-2` });
      const glued = await context.open({ namespace: `${context.prefix}-redder` });
      const each = [red, longer, glued];
      const seen = each.map((one) => context.observe(one));
      for (const [index, one] of each.entries()) await one.register(service(name, [`n${index}`]));
      for (const [index, one] of each.entries()) {
        assertServices(await one.getService(name), [service(name, [`n${index}`])]);
        assert.deepEqual(await one.listServices(), [{ name, versions: ['1.0.0'] }]);
        await seen[index]?.settlesTo([service(name, [`n${index}`])]);
      }
      await red.close();
      await context.shows(longer, name, [service(name, ['n1'])]);
    }),

    'close withdraws nothing of the same id in another namespace': separated(
      async (context, { red, blue, openRed }) => {
        const name = context.name();
        const none = await context.open();
        for (const one of [red, blue, none]) await one.register(service(name));
        await blue.close();
        await context.shows(await openRed(), name, [service(name)]);
        await context.shows(none, name, [service(name)]);
        await red.close();
        await context.shows(none, name, [service(name)]);
      },
    ),

    'a namespace is another roll than none': separated(async (context, { red }) => {
      const registry = await context.open();
      const name = context.name();
      await red.register(service(name, ['r']));
      await registry.register(service(name, ['n']));
      assertServices(await red.getService(name), [service(name, ['r'])]);
      assertServices(await registry.getService(name), [service(name, ['n'])]);
    }),
  },
};
