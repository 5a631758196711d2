import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { assertServices } from '../kit/roll.ts';
import { node, service } from '../kit/samples.ts';

/** Reading one service. */
export const lookup: Concern = {
  concern: 'lookup',
  cases: {
    'getService of an unknown name is []': async (context) => {
      const registry = await context.open();
      assert.deepEqual(await registry.getService(context.name('nobody')), []);
    },

    'getService of a name without live nodes is []': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name));
      await registry.deregister(service(name));
      await context.shows(registry, name, []);
    },

    'getService groups nodes by version': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const all = [service(name, ['b', 'c'], '1'), service(name, ['a'], '2'), service(name, ['d'], '')];
      for (const one of all) await registry.register(one);
      await context.shows(other, name, all);
      assert.deepEqual(
        (await other.getService(name)).map(({ version }) => version),
        ['', '1', '2'],
      );
    },

    'getService sorts versions by code unit': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const versions = ['v1', '10', '9', 'V2', '1.0.0-rc', '1.0.0', ' ', '~'];
      for (const [index, version] of versions.entries()) await registry.register(service(name, [`n${index}`], version));
      const read = await registry.getService(name);
      assert.deepEqual(
        read.map(({ version }) => version),
        versions.toSorted(),
      );
    },

    'getService sorts nodes by the code units of their ids': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const ids = ['b', 'a', 'B', '10', '9', 'a.b', 'a-b', 'a:b', 'a_b'];
      await registry.register(service(name, ids));
      const [read] = await registry.getService(name);
      assert.deepEqual(
        read?.nodes.map(({ id }) => id),
        ids.toSorted(),
      );
    },

    'getService shows for a version the metadata and endpoints of the smallest id': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const of = (id: string) => ({ name, metadata: { of: id }, endpoints: [{ name: id }], nodes: [node(id)] });
      for (const id of ['m', 'z', 'a']) await registry.register(of(id));
      await context.shows(other, name, ['a', 'm', 'z'].map(of));
      const [read] = await other.getService(name);
      assert.deepEqual([read?.metadata.of, read?.endpoints[0]?.name], ['a', 'a']);
      await registry.deregister(of('a'));
      await context.shows(other, name, ['m', 'z'].map(of));
    },

    'getService does not mix services of which one name begins with the other': async (context) => {
      const registry = await context.open();
      const name = context.name('web');
      const others = [`${name}-api`, `${name}.api`, `${name}_api`, `${name}2`, name.slice(0, -1)];
      for (const other of others) await registry.register(service(other));
      assert.deepEqual(await registry.getService(name), []);
      await registry.register(service(name));
      assertServices(await registry.getService(name), [service(name)]);
      for (const other of others) assertServices(await registry.getService(other), [service(other)]);
    },

    'getService tells names apart by case': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name));
      assert.deepEqual(await registry.getService(name.toUpperCase()), []);
    },

    'getService takes names that register would refuse': async (context) => {
      const registry = await context.open();
      for (const name of ['Go.Micro.Srv', 'with space', 'ümläut', 'a/b', '..', '%2e', '*', 'a'.repeat(255)]) {
        assert.deepEqual(await registry.getService(`${name}`), [], name);
      }
    },

    'names such as constructor and toString are services like any other': async (context) => {
      const registry = await context.open();
      for (const name of ['__proto__', 'constructor', 'toString']) {
        assert.deepEqual(await registry.getService(name), [], name);
      }
    },

    'simultaneous reads give equal answers': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name, ['a', 'b']));
      const reads = await Promise.all(Array.from({ length: 20 }, () => registry.getService(name)));
      for (const read of reads) assertServices(read, [service(name, ['a', 'b'])]);
    },
  },
};
