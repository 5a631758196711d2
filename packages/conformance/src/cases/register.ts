import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { assertServices } from '../kit/roll.ts';
import { changed, node, service } from '../kit/samples.ts';

/** Writing nodes. */
export const register: Concern = {
  concern: 'register',
  cases: {
    'when register has resolved, a read of the same object shows it': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name));
      assertServices(await registry.getService(name), [service(name)]);
    },

    'another object sees an acknowledged write': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await context.shows(other, name, [service(name)]);
    },

    'register resolves with undefined': async (context) => {
      const registry = await context.open();
      assert.equal(await registry.register(service(context.name())), undefined);
    },

    'register writes every node of the call': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ids = Array.from({ length: 12 }, (_, index) => `n${index}`);
      await registry.register(service(name, ids));
      assertServices(await registry.getService(name), [service(name, ids)]);
      await context.shows(other, name, [service(name, ids)]);
    },

    'a second register of a service adds nodes and keeps those of the first': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name, ['a']));
      await registry.register(service(name, ['b']));
      assertServices(await registry.getService(name), [service(name, ['a', 'b'])]);
    },

    'register of a known id replaces the address': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register({ name, nodes: [node('a', '192.0.2.1:80')] });
      await registry.register({ name, nodes: [node('a', '192.0.2.2:81')] });
      assertServices(await registry.getService(name), [{ name, nodes: [node('a', '192.0.2.2:81')] }]);
    },

    'register of a known id replaces metadata and does not merge it': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const first = { name, metadata: { a: '1', b: '1' }, nodes: [node('n', '192.0.2.1:80', { c: '1', d: '1' })] };
      const second = { name, metadata: { b: '2' }, nodes: [node('n', '192.0.2.1:80', { d: '2' })] };
      await registry.register(first);
      await registry.register(second);
      assertServices(await registry.getService(name), [second]);
    },

    'register of a deregistered id brings back nothing of its former content': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const before = { ...service(name), metadata: { a: '1' }, endpoints: [{ name: 'A' }] };
      await registry.register({ ...before, nodes: [node('n1', '192.0.2.1:80', { c: '1' })] });
      await registry.deregister(service(name));
      await registry.register(service(name));
      assertServices(await registry.getService(name), [service(name)]);
    },

    'register of a known id replaces endpoints': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register({ ...service(name), endpoints: [{ name: 'A' }, { name: 'B' }] });
      await registry.register({ ...service(name), endpoints: [{ name: 'C' }] });
      assertServices(await registry.getService(name), [{ ...service(name), endpoints: [{ name: 'C' }] }]);
    },

    'register of a known id with another version moves the node': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name, ['a', 'b'], '1'));
      await registry.register(service(name, ['a'], '2'));
      assertServices(await registry.getService(name), [service(name, ['b'], '1'), service(name, ['a'], '2')]);
    },

    'one register may hold new, changed and unchanged nodes': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['same', 'old']));
      const mixed = { ...service(name), nodes: [node('same'), node('old', '192.0.2.9:1'), node('new')] };
      await registry.register(mixed);
      assertServices(await registry.getService(name), [mixed]);
      await seen.settlesTo([mixed]);
    },

    'the same id in two services is two nodes': async (context) => {
      const registry = await context.open();
      const [one, two] = [context.name('one'), context.name('two')];
      await registry.register(service(one, ['n1'], '1'));
      await registry.register(service(two, ['n1'], '2'));
      await registry.deregister(service(one));
      await context.shows(registry, one, []);
      assertServices(await registry.getService(two), [service(two, ['n1'], '2')]);
    },

    'two objects may register nodes of one service': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await Promise.all([registry.register(service(name, ['a'])), other.register(service(name, ['b']))]);
      await context.shows(registry, name, [service(name, ['a', 'b'])]);
      await context.shows(other, name, [service(name, ['a', 'b'])]);
    },

    'ten objects register one service': async (context) => {
      const name = context.name();
      const ids = Array.from({ length: 10 }, (_, index) => `n${index}`);
      const objects = await Promise.all(ids.map(() => context.open()));
      await Promise.all(objects.map((one, index) => one.register(service(name, [`n${index}`]))));
      for (const one of objects) await context.shows(one, name, [service(name, ids)]);
    },

    'register accepts a renew interval': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const ttlMs = context.ttlMs(60_000);
      for (const renewIntervalMs of [1_000, ttlMs, ttlMs * 2]) {
        await registry.register(service(name), { ttlMs, renewIntervalMs });
      }
      await registry.register(service(name), { renewIntervalMs: 1_000 });
      assertServices(await registry.getService(name), [service(name)]);
    },

    'a service that was read can be passed to register': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(changed(service(name)));
      const [read] = await registry.getService(name);
      assert(read !== undefined, 'the service is not there');
      await registry.register({ ...read, nodes: read.nodes.map((item) => ({ ...item, id: 'copy' })) });
      await registry.register(read);
      const both = { ...service(name), nodes: [...read.nodes, ...read.nodes.map((item) => ({ ...item, id: 'copy' }))] };
      assertServices(await registry.getService(name), [both]);
    },

    'twenty-five services can be registered at the same time': async (context) => {
      const [registry, other] = await context.openTwo();
      const names = Array.from({ length: 25 }, (_, index) => context.name(`${index}`));
      await Promise.all(names.map((name) => registry.register(service(name))));
      for (const name of names) await context.shows(other, name, [service(name)]);
    },
  },
};
