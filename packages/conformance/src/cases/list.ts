import assert from 'node:assert/strict';
import type { Registry, ServiceSummary } from '@rollcall/core';
import type { Concern } from '../case.ts';
import type { CaseContext } from '../kit/context.ts';
import { service } from '../kit/samples.ts';
import { eventually } from '../kit/waiting.ts';

/** The services of this case in the list, in its order. */
async function listed(context: CaseContext, registry: Registry): Promise<readonly ServiceSummary[]> {
  return (await registry.listServices()).filter(({ name }) => name.startsWith(context.prefix));
}

async function lists(context: CaseContext, registry: Registry, wanted: readonly ServiceSummary[]): Promise<void> {
  await eventually('listServices', context.settleMs, async () =>
    assert.deepEqual(await listed(context, registry), wanted),
  );
}

/** Listing all services. */
export const list: Concern = {
  concern: 'list',
  cases: {
    'listServices names every service that has a live node': async (context) => {
      const [registry, other] = await context.openTwo();
      const [one, two] = [context.name('one'), context.name('two')];
      await registry.register(service(one));
      await other.register(service(two));
      const wanted = [one, two].map((name) => ({ name, versions: ['1.0.0'] }));
      await lists(context, registry, wanted);
      await lists(context, other, wanted);
    },

    'listServices shows what register has just written': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name));
      assert.deepEqual(await listed(context, registry), [{ name, versions: ['1.0.0'] }]);
    },

    'listServices is sorted by name': async (context) => {
      const registry = await context.open();
      const labels = ['c', 'a', 'b.x', 'b-x', 'b', 'b_x', '10', '9'];
      for (const label of labels) await registry.register(service(context.name(label)));
      const names = labels.map((label) => context.name(label)).toSorted();
      await lists(
        context,
        registry,
        names.map((name) => ({ name, versions: ['1.0.0'] })),
      );
    },

    'listServices sorts versions and names each once': async (context) => {
      const registry = await context.open();
      const name = context.name();
      for (const [index, version] of ['9', '10', '', '9', 'v1', '10'].entries()) {
        await registry.register(service(name, [`n${index}`], version));
      }
      await lists(context, registry, [{ name, versions: ['', '10', '9', 'v1'] }]);
    },

    'listServices leaves out a service whose last node left': async (context) => {
      const [registry, other] = await context.openTwo();
      const [stays, leaves] = [context.name('stays'), context.name('leaves')];
      await registry.register(service(stays));
      await registry.register(service(leaves, ['a', 'b']));
      await registry.deregister(service(leaves, ['a', 'b']));
      await lists(context, other, [{ name: stays, versions: ['1.0.0'] }]);
    },

    'listServices leaves out a version whose last node left': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name, ['a'], '1'));
      await registry.register(service(name, ['b'], '2'));
      await registry.deregister(service(name, ['a']));
      await lists(context, registry, [{ name, versions: ['2'] }]);
      await registry.register(service(name, ['b'], '3'));
      await lists(context, registry, [{ name, versions: ['3'] }]);
    },

    'listServices leaves out the services of the backend itself': async (context) => {
      const registry = await context.open();
      await registry.register(service(context.name()));
      const names = (await registry.listServices()).map(({ name }) => name);
      for (const name of names)
        assert(
          !['', 'consul', '_rollcall'].includes(name),
          `listServices names ${name || 'an empty name'}, which belongs to the backend`,
        );
      assert.equal(new Set(names).size, names.length, 'a name is listed twice');
    },
  },
};
