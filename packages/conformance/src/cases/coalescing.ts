import assert from 'node:assert/strict';
import type { Registry, ServiceInput, WatchEvent } from '@rollcall/core';
import type { Concern } from '../case.ts';
import type { CaseContext } from '../kit/context.ts';
import type { Observer } from '../kit/observer.ts';
import { rowsOf } from '../kit/roll.ts';
import { changed, service } from '../kit/samples.ts';
import { pause } from '../kit/waiting.ts';

const sentinel = 'zz-sentinel';

/**
 * A consumer that takes the first state and then sleeps: the changes meanwhile, and the events that it must get when it
 * wakes up.
 */
interface Sleep {
  /** The nodes when the consumer falls asleep. */
  readonly before: readonly ServiceInput[];
  readonly meanwhile: (registry: Registry) => Promise<void>;
  /** The nodes when the consumer wakes up. */
  readonly after: readonly ServiceInput[];
}

const isOf = (event: WatchEvent, id: string): boolean => 'service' in event && event.service.nodes[0]?.id === id;

/** Takes pending events until the wanted state is reached; after that no event may come. */
async function drain(context: CaseContext, slow: Observer, wanted: readonly ServiceInput[]): Promise<void> {
  const rows = JSON.stringify(rowsOf(wanted));
  while (JSON.stringify(rowsOf(slow.state)) !== rows) await slow.pull();
  const told = slow.events.length;
  slow.start();
  await pause(context.quietMs);
  const more = slow.events.slice(told).filter((event) => 'service' in event);
  assert.deepEqual(more, [], 'something more was told than the difference');
}

/** Plays the changes and returns the events that the consumer got for node n1. */
async function sleepThrough(context: CaseContext, { before, meanwhile, after }: Sleep): Promise<readonly WatchEvent[]> {
  const [registry, other] = await context.openTwo();
  const name = context.name();
  for (const one of before) await registry.register(one);
  await context.shows(other, name, before);
  const awake = context.observe(other, { name });
  const slow = context.slowObserver(other, { name });
  await slow.pullUntilSynced();
  await awake.settlesTo(before);
  const told = slow.events.length;
  await meanwhile(registry);
  const wanted = [...after, service(name, [sentinel])];
  await registry.register(service(name, [sentinel]));
  await awake.settlesTo(wanted);
  await drain(context, slow, wanted);
  return slow.events.slice(told).filter((event) => isOf(event, 'n1'));
}

const typesOf = (events: readonly WatchEvent[]): readonly string[] => events.map(({ type }) => type);

/** A consumer that is slower than the changes hears the difference between what it knows and what is true. */
export const coalescing: Concern = {
  concern: 'coalescing',
  cases: {
    'a pending create and update become one create': async (context) => {
      const base = service(context.name());
      const events = await sleepThrough(context, {
        before: [],
        after: [changed(base)],
        meanwhile: async (registry) => {
          await registry.register(base);
          await registry.register(changed(base));
        },
      });
      assert.deepEqual(typesOf(events), ['create']);
    },

    'a pending create and delete become no event': async (context) => {
      const base = service(context.name());
      const events = await sleepThrough(context, {
        before: [],
        after: [],
        meanwhile: async (registry) => {
          await registry.register(base);
          await registry.deregister(base);
        },
      });
      assert.deepEqual(typesOf(events), []);
    },

    'a pending update and delete become one delete': async (context) => {
      const base = service(context.name());
      const events = await sleepThrough(context, {
        before: [base],
        after: [],
        meanwhile: async (registry) => {
          await registry.register(changed(base));
          await registry.deregister(base);
        },
      });
      assert.deepEqual(typesOf(events), ['delete']);
    },

    'a pending delete and create with other content become one update': async (context) => {
      const base = service(context.name());
      const events = await sleepThrough(context, {
        before: [base],
        after: [changed(base)],
        meanwhile: async (registry) => {
          await registry.deregister(base);
          await registry.register(changed(base));
        },
      });
      assert.deepEqual(typesOf(events), ['update']);
    },

    'a pending delete and create with the same content become no event': async (context) => {
      const base = service(context.name());
      const events = await sleepThrough(context, {
        before: [base],
        after: [base],
        meanwhile: async (registry) => {
          await registry.deregister(base);
          await registry.register(base);
        },
      });
      assert.deepEqual(typesOf(events), []);
    },

    'a pending change that is undone becomes no event': async (context) => {
      const base = service(context.name());
      const events = await sleepThrough(context, {
        before: [base],
        after: [base],
        meanwhile: async (registry) => {
          await registry.register(changed(base));
          await registry.register(base);
        },
      });
      assert.deepEqual(typesOf(events), []);
    },

    'many pending updates become one, with the last content': async (context) => {
      const base = service(context.name());
      const events = await sleepThrough(context, {
        before: [base],
        after: [changed(base, '29')],
        meanwhile: async (registry) => {
          for (let index = 0; index < 30; index += 1) await registry.register(changed(base, `${index}`));
        },
      });
      assert.deepEqual(typesOf(events), ['update']);
    },

    'synced is told only when nothing before it is pending': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ids = Array.from({ length: 10 }, (_, index) => `n${index}`);
      await registry.register(service(name, ids));
      await context.shows(other, name, [service(name, ids)]);
      const awake = context.observe(other, { name });
      const slow = context.slowObserver(other, { name });
      await slow.pull();
      await registry.register(changed(service(name, ids)));
      await registry.register(service(name, ['later']));
      const wanted = [changed(service(name, ids)), service(name, ['later'])];
      await awake.settlesTo(wanted);
      await slow.pullUntilSynced();
      assert.deepEqual(rowsOf(slow.state), rowsOf(wanted), 'synced came before the state was told');
    },
  },
  burstCases: {
    'a consumer that sleeps while every node changes many times has one pending event per node': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ids = Array.from({ length: 50 }, (_, index) => `n${index}`);
      await registry.register(service(name, ids));
      await context.shows(other, name, [service(name, ids)]);
      const awake = context.observe(other, { name });
      const slow = context.slowObserver(other, { name });
      await slow.pullUntilSynced();
      const told = slow.events.length;
      for (let round = 0; round < 20; round += 1) await registry.register(changed(service(name, ids), `${round}`));
      const wanted = [changed(service(name, ids), '19')];
      await awake.settlesTo(wanted);
      await drain(context, slow, wanted);
      const pending = slow.events.slice(told).filter((event) => 'service' in event);
      assert(pending.length <= ids.length, `${pending.length} events were pending for ${ids.length} nodes`);
    },
  },
  faultCases: {
    'a long outage is one interrupted event, however many reconnects fail': async (context, faults) => {
      const registry = await context.open();
      const name = context.name();
      const awake = context.observe(registry, { name });
      const slow = context.slowObserver(registry, { name });
      await slow.pullUntilSynced();
      for (let round = 0; round < 2; round += 1) {
        await awake.until('synced', () => awake.synced, context.recoverMs);
        await faults.stop();
        await awake.until('interrupted', () => !awake.synced, context.recoverMs);
        if (round === 0) await faults.start();
      }
      assert.equal((await slow.pull(context.recoverMs))?.type, 'interrupted');
      slow.start();
      await pause(context.quietMs);
      assert.equal(slow.interruptions, 1, 'one outage was told more than once');
    },

    'an outage that ends before a consumer reads its interrupted event is not told': async (context, faults) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name));
      const awake = context.observe(registry, { name });
      const slow = context.slowObserver(registry, { name });
      await slow.pullUntilSynced();
      await faults.stop();
      await awake.until('interrupted', () => !awake.synced, context.recoverMs);
      await faults.start();
      await context.recovers('register', () => registry.register(service(name)));
      await context.recovers('register', () => registry.register(service(name, [sentinel])));
      await awake.settlesTo([service(name, ['n1', sentinel])], context.recoverMs);
      while (!slow.state.some((one) => one.nodes[0]?.id === sentinel)) await slow.pull(context.recoverMs);
      assert.equal(slow.interruptions, 0, 'interrupted was told after the backend was back');
      assert.deepEqual(rowsOf(slow.state), rowsOf([service(name, ['n1', sentinel])]));
    },
  },
};
