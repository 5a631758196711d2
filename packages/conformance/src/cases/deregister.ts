import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { rejects } from '../kit/expect.ts';
import { fullService, service } from '../kit/samples.ts';

/** Taking nodes off the roll. */
export const deregister: Concern = {
  concern: 'deregister',
  cases: {
    'a deregistered node is gone for every reader and watcher': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await context.shows(other, name, [service(name)]);
      assert.equal(await registry.deregister(service(name)), undefined);
      await context.shows(registry, name, []);
      await context.shows(other, name, []);
    },

    'deregister removes the named nodes only': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name, ['a', 'b', 'c']));
      await registry.register(service(name, ['d'], '2'));
      await registry.deregister({ name, nodes: [{ id: 'b' }] });
      await context.shows(registry, name, [service(name, ['a', 'c']), service(name, ['d'], '2')]);
    },

    'one deregister removes several nodes of different versions': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['a', 'b'], '1'));
      await registry.register(service(name, ['c', 'd'], '2'));
      await seen.settlesTo([service(name, ['a', 'b'], '1'), service(name, ['c', 'd'], '2')]);
      await registry.deregister({ name, nodes: [{ id: 'a' }, { id: 'b' }, { id: 'd' }] });
      await seen.settlesTo([service(name, ['c'], '2')]);
      await context.shows(other, name, [service(name, ['c'], '2')]);
    },

    'deregister of an unknown id succeeds': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.deregister({ name, nodes: [{ id: 'nobody' }] });
      await registry.register(service(name, ['a']));
      await registry.deregister({ name, nodes: [{ id: 'nobody' }] });
      await context.shows(registry, name, [service(name, ['a'])]);
    },

    'deregister removes known ids that are named beside unknown ones': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name, ['a', 'b']));
      await registry.deregister({ name, nodes: [{ id: 'nobody' }, { id: 'a' }, { id: 'who' }] });
      await context.shows(registry, name, [service(name, ['b'])]);
    },

    'deregister of one node twice succeeds': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name));
      await registry.deregister(service(name));
      await registry.deregister(service(name));
      await context.shows(registry, name, []);
    },

    'deregister looks at ids only, not at content or version': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(fullService(name));
      await registry.deregister(service(name, ['n1'], 'another'));
      await context.shows(registry, name, []);
    },

    'deregister removes nodes of other objects within removesOthers, and is NOT_SUPPORTED outside it': async (
      context,
    ) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await context.shows(other, name, [service(name)]);
      if (context.capabilities.removesOthers === 'own') {
        const notSupported = { code: 'NOT_SUPPORTED', withinMs: context.settleMs } as const;
        await rejects('deregister of another', notSupported, () => other.deregister(service(name)));
        await context.shows(registry, name, [service(name)]);
      } else {
        await other.deregister(service(name));
        await context.shows(registry, name, []);
      }
    },

    'a removed node can be registered again': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      for (const version of ['1', '2', '2']) {
        await registry.register(service(name, ['n1'], version));
        await seen.settlesTo([service(name, ['n1'], version)]);
        await registry.deregister(service(name));
        await seen.settlesTo([]);
      }
    },

    'deregister takes names and ids that register would refuse': async (context) => {
      const registry = await context.open();
      for (const name of ['Go.Micro.Srv', 'with space', 'ümläut', 'a/b', '__proto__', 'a'.repeat(255)]) {
        await registry.deregister({ name, nodes: [{ id: name }, { id: `${context.prefix} /*` }] });
      }
    },

    'deregister distinguishes ids by case': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name, ['Node', 'node']));
      await registry.deregister(service(name, ['NODE']));
      await context.shows(registry, name, [service(name, ['Node', 'node'])]);
      await registry.deregister(service(name, ['node']));
      await context.shows(registry, name, [service(name, ['Node'])]);
    },
  },
};
