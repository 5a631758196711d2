import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { rejects } from '../kit/expect.ts';
import { fullService, service } from '../kit/samples.ts';

/** Taking nodes off the roll. */
export const deregister: Concern = {
  concern: 'deregister',
  cases: {
    'a deregistered node is gone for everybody': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await context.shows(other, name, [service(name)]);
      assert.equal(await registry.deregister(service(name)), undefined);
      await context.shows(registry, name, []);
      await context.shows(other, name, []);
    },

    'only the nodes named are removed': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name, ['a', 'b', 'c']));
      await registry.register(service(name, ['d'], '2'));
      await registry.deregister({ name, nodes: [{ id: 'b' }] });
      await context.shows(registry, name, [service(name, ['a', 'c']), service(name, ['d'], '2')]);
    },

    'several nodes at once, of any version': async (context) => {
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

    'an unknown id is no error': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.deregister({ name, nodes: [{ id: 'nobody' }] });
      await registry.register(service(name, ['a']));
      await registry.deregister({ name, nodes: [{ id: 'nobody' }] });
      await context.shows(registry, name, [service(name, ['a'])]);
    },

    'known ids beside unknown ones are removed': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name, ['a', 'b']));
      await registry.deregister({ name, nodes: [{ id: 'nobody' }, { id: 'a' }, { id: 'who' }] });
      await context.shows(registry, name, [service(name, ['b'])]);
    },

    'twice is no error': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name));
      await registry.deregister(service(name));
      await registry.deregister(service(name));
      await context.shows(registry, name, []);
    },

    'content and version of what is passed do not matter': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(fullService(name));
      await registry.deregister(service(name, ['n1'], 'another'));
      await context.shows(registry, name, []);
    },

    'nodes of others are removed within removesOthers, else NOT_SUPPORTED': async (context) => {
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

    'names and ids that only others could have written are no error': async (context) => {
      const registry = await context.open();
      for (const name of ['Go.Micro.Srv', 'with space', 'ümläut', 'a/b', '__proto__', 'a'.repeat(255)]) {
        await registry.deregister({ name, nodes: [{ id: name }, { id: `${context.prefix} /*` }] });
      }
    },

    'ids are case-sensitive': async (context) => {
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
