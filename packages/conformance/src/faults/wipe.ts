import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { rejects } from '../kit/expect.ts';
import { changed, service } from '../kit/samples.ts';

/** A backend that runs but has lost everything. */
export const wipe: Concern = {
  concern: 'wiped backend',
  cases: {},
  faultCases: {
    'reads after a wipe show the empty backend, not what the object remembers': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await context.shows(other, name, [service(name)]);
      await faults.wipe();
      await context.shows(registry, name, [], context.recoverMs);
      await context.shows(other, name, [], context.recoverMs);
    },

    'the next register of an owner writes a wiped node again, with and without a TTL': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(600_000);
      await registry.register(service(name, ['leased']), { ttlMs });
      await registry.register(service(name, ['free']));
      await faults.wipe();
      await context.recovers('register', () => registry.register(service(name, ['leased']), { ttlMs }));
      await context.recovers('register', () => registry.register(service(name, ['free'])));
      await context.shows(other, name, [service(name, ['free', 'leased'])], context.recoverMs);
    },

    'after a wipe watchers end up with the nodes that are registered again': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['back', 'gone']));
      await seen.settlesTo([service(name, ['back', 'gone'])]);
      await faults.wipe();
      await context.recovers('register', () => registry.register(service(name, ['back'])));
      await seen.settlesTo([service(name, ['back'])], context.recoverMs);
      assert.equal(seen.deleteOf('gone')?.type, 'delete');
    },

    'a watcher hears the delete of a wiped node that is not registered again': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name));
      await seen.settlesTo([service(name)]);
      await faults.wipe();
      await seen.settlesTo([], context.recoverMs);
    },

    'a register with changed content after a wipe writes the new content': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name));
      await seen.settlesTo([service(name)]);
      await faults.wipe();
      await context.recovers('register', () => registry.register(changed(service(name))));
      await seen.settlesTo([changed(service(name))], context.recoverMs);
    },

    'deregister of a wiped node succeeds': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await faults.wipe();
      await context.recovers('deregister', () => registry.deregister(service(name)));
      await context.shows(other, name, [], context.recoverMs);
    },

    'a renewal or close after a wipe leaves a node alone that another has registered since': async (
      context,
      faults,
    ) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const mine = changed(service(name), 'mine');
      await registry.register(service(name));
      await faults.wipe();
      await context.recovers('register', () => other.register(mine));
      const conflict = { code: 'CONFLICT', mentions: ['n1'], withinMs: context.settleMs } as const;
      const renewal = (): Promise<unknown> => rejects('a renewal', conflict, () => registry.register(service(name)));
      await context.recovers('a renewal', renewal);
      await rejects('a second renewal', conflict, () => registry.register(service(name)));
      await rejects('changed content', conflict, () => registry.register(changed(service(name), 'again')));
      await registry.close();
      await context.shows(other, name, [mine], context.recoverMs);
      await other.register(mine);
      await context.shows(other, name, [mine], context.recoverMs);
    },

    'a wiped id is free for another object': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await faults.wipe();
      await context.recovers('register', () => other.register(changed(service(name))));
      await context.shows(registry, name, [changed(service(name))], context.recoverMs);
    },
  },
};
