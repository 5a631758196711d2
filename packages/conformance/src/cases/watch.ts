import assert from 'node:assert/strict';
import type { Service } from '@rollcall/core';
import type { Concern } from '../case.ts';
import { throwsNow } from '../kit/expect.ts';
import { rowsOf } from '../kit/roll.ts';
import { changed, endpoint, node, service } from '../kit/samples.ts';
import { within } from '../kit/waiting.ts';

/** What a watcher hears, and in which order. */
export const watch: Concern = {
  concern: 'watch',
  cases: {
    'a watch begins with the current state as creates, then synced': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name, ['a', 'b'], '1'));
      await registry.register(service(name, ['c'], '2'));
      const all = [service(name, ['a', 'b'], '1'), service(name, ['c'], '2')];
      await context.shows(other, name, all);
      const seen = context.slowObserver(other, { name });
      await seen.pullUntilSynced();
      assert.deepEqual(rowsOf(seen.state), rowsOf(all));
      const types = new Set(seen.events.slice(0, -1).map(({ type }) => type));
      assert.deepEqual([...types], ['create']);
    },

    'a watch of an empty roll begins with synced': async (context) => {
      const registry = await context.open();
      const seen = context.slowObserver(registry, { name: context.name('nobody') });
      assert.equal((await seen.pull())?.type, 'synced');
    },

    'a new node is a create event': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.slowObserver(other, { name });
      await seen.pullUntilSynced();
      await registry.register(service(name));
      const event = await seen.pull();
      assert.equal(event?.type, 'create');
      assert.deepEqual(rowsOf(seen.state), rowsOf([service(name)]));
    },

    'changed content is an update event with the new content': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await context.shows(other, name, [service(name)]);
      const seen = context.slowObserver(other, { name });
      await seen.pullUntilSynced();
      await registry.register(changed(service(name)));
      assert.equal((await seen.pull())?.type, 'update');
      assert.deepEqual(rowsOf(seen.state), rowsOf([changed(service(name))]));
    },

    'a change of address, metadata, endpoints or version is an update event': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const base = service(name);
      const seen = context.observe(other, { name });
      const variants = [
        base,
        { ...base, nodes: [node('n1', '192.0.2.2:8080')] },
        { ...base, nodes: [node('n1', undefined, { a: '1' })] },
        { ...base, metadata: { a: '1' } },
        { ...base, endpoints: [endpoint('E')] },
        { ...base, endpoints: [{ ...endpoint('E'), metadata: { a: '1' } }] },
        { ...base, version: '2' },
        { ...base, version: '' },
      ];
      for (const variant of variants) {
        await registry.register(variant);
        await seen.settlesTo([variant]);
      }
    },

    'a change of version is an update, never a delete': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['a', 'b'], '1'));
      await seen.settlesTo([service(name, ['a', 'b'], '1')]);
      await registry.register(service(name, ['a', 'b'], '2'));
      await seen.settlesTo([service(name, ['a', 'b'], '2')]);
      assert(!seen.events.some(({ type }) => type === 'delete'), 'a delete was told');
    },

    'a change of address is an update, never a delete': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      for (const port of [1, 2, 3]) {
        const input = { name, nodes: [node('n1', `192.0.2.1:${port}`)] };
        await registry.register(input);
        await seen.settlesTo([input]);
      }
      assert(!seen.events.some(({ type }) => type === 'delete'), 'a delete was told');
    },

    'deregister is a delete event with the reason deregistered and the node as it was': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const last = changed(service(name));
      const seen = context.observe(other, { name });
      await registry.register(last);
      await seen.settlesTo([last]);
      await registry.deregister(service(name));
      await seen.settlesTo([]);
      assert.equal(seen.deleteOf('n1')?.reason, 'deregistered');
      assert.deepEqual(rowsOf([seen.deleteOf('n1')?.service as Service]), rowsOf([last]));
    },

    'close of the owner is a delete event with the reason deregistered': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['a', 'b']));
      await seen.settlesTo([service(name, ['a', 'b'])]);
      await registry.close();
      await seen.settlesTo([]);
      assert.deepEqual([seen.deleteOf('a')?.reason, seen.deleteOf('b')?.reason], ['deregistered', 'deregistered']);
    },

    'every event carries one node, also when many are written or removed at once': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ids = Array.from({ length: 20 }, (_, index) => `n${index}`);
      const seen = context.observe(other, { name });
      await registry.register(service(name, ids));
      await seen.settlesTo([service(name, ids)]);
      await registry.register(changed(service(name, ids)));
      await seen.settlesTo([changed(service(name, ids))]);
      await registry.deregister(service(name, ids));
      await seen.settlesTo([]);
    },

    'an event carries the metadata and endpoints of its own node': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const of = (id: string) => ({ name, metadata: { of: id }, endpoints: [{ name: id }], nodes: [node(id)] });
      const seen = context.observe(other, { name });
      await registry.register(of('a'));
      await registry.register(of('b'));
      await seen.settlesTo([of('a'), of('b')]);
      const late = context.observe(other, { name });
      await late.settlesTo([of('a'), of('b')]);
    },

    'a watcher of one service hears of no other service': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name('web');
      const seen = context.observe(other, { name });
      const near = [`${name}-api`, `${name}.api`, name.slice(0, -1), context.name('x')];
      for (const one of near) await registry.register(service(one));
      await registry.register(service(name));
      await seen.settlesTo([service(name)]);
      for (const one of near) await registry.deregister(service(one));
      await registry.register(service(name, ['n2']));
      await seen.settlesTo([service(name), service(name, ['n2'])]);
    },

    'a watcher without a name hears of all services': async (context) => {
      const [registry, other] = await context.openTwo();
      const names = ['a', 'b', 'c'].map((label) => context.name(label));
      await registry.register(service(names[0] as string));
      const seen = context.observe(other);
      await registry.register(service(names[1] as string));
      await registry.register(service(names[2] as string));
      await seen.settlesTo(names.map((name) => service(name)));
      await registry.deregister(service(names[0] as string));
      await registry.register(changed(service(names[1] as string)));
      await seen.settlesTo([changed(service(names[1] as string)), service(names[2] as string)]);
    },

    'a watch starts at the first next': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.slowObserver(other, { name });
      await registry.register(service(name));
      await context.shows(other, name, [service(name)]);
      await seen.pullUntilSynced();
      assert.deepEqual(rowsOf(seen.state), rowsOf([service(name)]));
    },

    'a second watcher that begins later gets the whole state and synced': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const first = context.observe(registry, { name });
      await registry.register(service(name, ['a', 'b']));
      await first.settlesTo([service(name, ['a', 'b'])]);
      const second = context.slowObserver(registry, { name });
      await second.pullUntilSynced();
      assert.deepEqual(rowsOf(second.state), rowsOf([service(name, ['a', 'b'])]));
    },

    'the end of one watcher ends no other watcher': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const [first, second] = [context.observe(other, { name }), context.observe(other, { name })];
      await registry.register(service(name, ['a']));
      await first.settlesTo([service(name, ['a'])]);
      await first.stop();
      await registry.register(service(name, ['b']));
      await second.settlesTo([service(name, ['a', 'b'])]);
      const third = context.observe(other, { name });
      await third.settlesTo([service(name, ['a', 'b'])]);
    },

    'a watcher of one name and a watcher of all names of one object agree': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const [named, all] = [context.observe(other, { name }), context.observe(other)];
      await registry.register(service(name, ['a', 'b']));
      await registry.deregister(service(name, ['a']));
      await registry.register(changed(service(name, ['b'])));
      for (const seen of [named, all]) await seen.settlesTo([changed(service(name, ['b']))]);
    },

    'watch takes names that register would refuse': async (context) => {
      const registry = await context.open();
      for (const name of ['Go.Micro.Srv', 'with space', 'ümläut', 'a/b', '__proto__', 'a'.repeat(255)]) {
        const seen = context.slowObserver(registry, { name });
        assert.equal((await seen.pull())?.type, 'synced', name);
        await seen.stop();
      }
    },

    'a watcher is its own iterator': async (context) => {
      const registry = await context.open();
      const watcher = registry.watch();
      assert.equal(watcher[Symbol.asyncIterator](), watcher);
      await watcher.return();
    },

    'watch with a bad argument throws at once': async (context) => {
      const registry = await context.open();
      for (const options of [{ name: '' }, { name: 'a'.repeat(256) }, { name: 1 }, { signal: 'x' }, null, 'text']) {
        throwsNow(`watch(${JSON.stringify(options)})`, 'INVALID_ARGUMENT', () => registry.watch(options as object));
      }
    },

    'a watcher that was never read can be ended': async (context) => {
      const registry = await context.open();
      const watcher = registry.watch();
      assert.deepEqual(await within('return()', context.soonMs, watcher.return()), { done: true, value: undefined });
      assert.deepEqual(await within('next()', context.soonMs, watcher.next()), { done: true, value: undefined });
    },
  },
  burstCases: {
    'a watcher misses no change between snapshot and changes': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ids = Array.from({ length: 40 }, (_, index) => `n${index}`);
      const writes: Promise<void>[] = [];
      const watchers = ids.map((id, index) => {
        writes.push(registry.register(service(name, [id])));
        if (index % 3 === 0) writes.push(registry.deregister(service(name, [id])));
        return context.observe(index % 2 === 0 ? registry : other, { name });
      });
      await Promise.all(writes);
      const wanted = service(
        name,
        ids.filter((_, index) => index % 3 !== 0),
      );
      await Promise.all(watchers.map((seen) => seen.settlesTo([wanted])));
    },
  },
};
