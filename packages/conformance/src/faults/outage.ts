import assert from 'node:assert/strict';
import type { ServiceInput } from '@rollcall/core';
import type { Concern } from '../case.ts';
import { farMs, shortTtlMs } from '../defaults.ts';
import type { CaseContext } from '../kit/context.ts';
import { rejects } from '../kit/expect.ts';
import { rowsOf } from '../kit/roll.ts';
import { changed, service } from '../kit/samples.ts';
import { within } from '../kit/waiting.ts';

/** What a backend must still know after its restart. */
const afterRestart = (context: CaseContext, written: readonly ServiceInput[]): readonly ServiceInput[] =>
  context.capabilities.durable ? written : [];

/** A backend that ends and runs again. */
export const outage: Concern = {
  concern: 'outage',
  cases: {},
  faultCases: {
    'an outage is one interrupted event and no delete': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      const seen = context.observe(other, { name });
      await seen.settlesTo([service(name)]);
      await faults.stop();
      await seen.until('interrupted', () => seen.interruptions > 0, context.recoverMs);
      assert.deepEqual(rowsOf(seen.state), rowsOf([service(name)]), 'an outage changed the state');
      assert(!seen.synced && !seen.ended);
    },

    'interrupted carries a retryable error': async (context, faults) => {
      const registry = await context.open();
      const seen = context.observe(registry);
      await seen.until('synced', () => seen.synced);
      await faults.stop();
      await seen.until('interrupted', () => seen.interruptions > 0, context.recoverMs);
      const told = seen.events.find((event) => event.type === 'interrupted');
      assert(told?.type === 'interrupted' && told.error.retryable, 'the error is not retryable');
      assert.equal(told.error.registry, registry.name);
    },

    'after an outage a watcher hears the difference, then synced': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const written = [service(name, ['a', 'b'])];
      await registry.register(service(name, ['a', 'b']));
      const seen = context.observe(other, { name });
      await seen.settlesTo(written);
      await faults.stop();
      await seen.until('interrupted', () => seen.interruptions > 0, context.recoverMs);
      await faults.start();
      await seen.settlesTo(afterRestart(context, written), context.recoverMs);
    },

    'a watcher that was cut off hears what changed meanwhile': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name, ['changes', 'stays', 'leaves']));
      const seen = context.observe(other, { name });
      await seen.settlesTo([service(name, ['changes', 'stays', 'leaves'])]);
      await faults.stop();
      await seen.until('interrupted', () => seen.interruptions > 0, context.recoverMs);
      await faults.start();
      // The write may come before or after the watcher is back; the final state is the same.
      await context.recovers('register', () => registry.register(changed(service(name, ['changes']))));
      await context.recovers('register', () => registry.register(service(name, ['comes', 'stays'])));
      await context.recovers('deregister', () => registry.deregister(service(name, ['leaves'])));
      await seen.settlesTo([changed(service(name, ['changes'])), service(name, ['comes', 'stays'])], context.recoverMs);
    },

    'a watcher that begins during an outage hears interrupted, later the state and synced': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await other.init();
      await faults.stop();
      const seen = context.observe(other, { name });
      await seen.until('interrupted', () => seen.interruptions > 0, context.recoverMs);
      assert.deepEqual(seen.state, [], 'something was told while the backend was down');
      await faults.start();
      await context.recovers('register', () => registry.register(service(name)));
      await seen.settlesTo([service(name)], context.recoverMs);
    },

    'a watcher hears changes after an outage': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await seen.until('synced', () => seen.synced);
      for (const mark of ['1', '2']) {
        await faults.stop();
        await seen.until('interrupted', () => !seen.synced, context.recoverMs);
        await faults.start();
        await context.recovers('register', () => registry.register(changed(service(name), mark)));
        await seen.settlesTo([changed(service(name), mark)], context.recoverMs);
      }
      await registry.deregister(service(name));
      await seen.settlesTo([]);
    },

    'a watcher hears of the first node after the synced that ends an outage': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await seen.until('synced', () => seen.synced);
      for (const id of ['a', 'b']) {
        await faults.stop();
        await seen.until('interrupted', () => !seen.synced, context.recoverMs);
        await faults.start();
        await seen.until('synced', () => seen.synced, context.recoverMs);
        await context.recovers('register', () => registry.register(service(name, [id])));
        await seen.until(`node ${id}`, () => seen.state.some(({ nodes }) => nodes[0]?.id === id));
      }
    },

    'after an outage deletes come before synced': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ids = ['a', 'b', 'c'];
      await registry.register(service(name, ids));
      const seen = context.observe(other, { name });
      await seen.settlesTo([service(name, ids)]);
      const before = seen.events.length;
      await faults.wipe();
      await seen.settlesTo([], context.recoverMs);
      const types = seen.events.slice(before).map(({ type }) => type);
      // A watcher hears nothing of an interruption that is over before it could be told. Then there is no `synced`
      // either.
      const synced = types.includes('synced') ? types.indexOf('synced') : types.length;
      const deletes = types.slice(0, synced).filter((type) => type === 'delete');
      assert.equal(deletes.length, ids.length, `told: ${types.join(', ')}`);
    },

    'a node that changed across an outage is an update, not a delete and a create': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      const deletes = (): number => seen.events.filter(({ type }) => type === 'delete').length;
      await registry.register(service(name));
      await seen.settlesTo([service(name)]);
      await faults.stop();
      await seen.until('interrupted', () => !seen.synced, context.recoverMs);
      await faults.start();
      await context.recovers('register', () => registry.register(changed(service(name), '1')));
      await seen.settlesTo([changed(service(name), '1')], context.recoverMs);
      // A backend that forgets may have been seen without the node in between.
      if (context.capabilities.durable) assert.equal(deletes(), 0, 'a delete was told');
      const told = deletes();
      await faults.freeze();
      const writing = registry.register(changed(service(name), '2'), { timeoutMs: farMs });
      const settled = Promise.allSettled([writing]);
      await faults.resume();
      await settled;
      await context.recovers('register', () => registry.register(changed(service(name), '2')));
      await seen.settlesTo([changed(service(name), '2')], context.recoverMs);
      assert.equal(deletes(), told, 'a delete was told after a standstill');
    },

    'after a failed call, a renewal makes no watcher hear a delete': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const options = { ttlMs: context.ttlMs(600_000) };
      const seen = context.observe(other, { name });
      const deletes = (): number => seen.events.filter(({ type }) => type === 'delete').length;
      await registry.register(service(name), options);
      await seen.settlesTo([service(name)]);
      await faults.stop();
      const unavailable = { code: 'UNAVAILABLE', withinMs: context.settleMs } as const;
      await rejects('a register', unavailable, () => registry.register(service(name), options));
      await seen.until('interrupted', () => !seen.synced, context.recoverMs);
      await faults.start();
      await seen.until('synced', () => seen.synced, context.recoverMs);
      // A watcher of a backend that forgets has been told of an interruption by now.
      const told = deletes();
      await context.recovers('register', () => registry.register(service(name), options));
      await seen.settlesTo([service(name)], context.recoverMs);
      for (let renewal = 0; renewal < 3; renewal += 1) await registry.register(service(name), options);
      await registry.register(service(name, ['sentinel']));
      await seen.settlesTo([service(name, ['n1', 'sentinel'])]);
      assert.equal(deletes(), told, 'a delete was told');
    },

    'all watchers of all objects hear synced after an outage': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const watchers = [registry, other].flatMap((one) => [context.observe(one, { name }), context.observe(one)]);
      for (const seen of watchers) await seen.until('synced', () => seen.synced);
      await faults.stop();
      for (const seen of watchers) await seen.until('interrupted', () => !seen.synced, context.recoverMs);
      await faults.start();
      await context.recovers('register', () => registry.register(service(name)));
      for (const seen of watchers) await seen.settlesTo([service(name)], context.recoverMs);
    },

    'a watcher can be ended during an outage': async (context, faults) => {
      const registry = await context.open();
      const controller = new AbortController();
      const byReturn = context.observe(registry, { name: context.name() });
      const bySignal = context.observe(registry, { signal: controller.signal });
      const byClose = context.observe(registry);
      await byClose.until('synced', () => byClose.synced);
      await faults.stop();
      await byClose.until('interrupted', () => byClose.interruptions > 0, context.recoverMs);
      await byReturn.stop();
      controller.abort();
      await bySignal.ends(context.soonMs);
      await within('close()', context.settleMs, registry.close());
      await byClose.ends(context.soonMs);
    },

    'a restarted backend has kept its nodes exactly if its capability durable says so': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const written = [service(name, ['a']), service(name, ['b'], '2')];
      await registry.register(service(name, ['a']), { ttlMs: context.ttlMs(600_000) });
      await registry.register(service(name, ['b'], '2'));
      await faults.stop();
      await faults.start();
      const kept = afterRestart(context, written);
      await context.shows(await context.open(), name, kept, context.recoverMs);
      await context.shows(other, name, kept, context.recoverMs);
    },

    'a node whose owner fell silent during an outage expires after it': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const seen = context.observe(other, { name });
      await registry.register(service(name), { ttlMs });
      await seen.until('the create', () => seen.events.length > 0);
      await faults.stop();
      await registry.close({ withdraw: false });
      await faults.start();
      // An outage may add its length and one TTL.
      await seen.settlesTo([], context.recoverMs + 2 * ttlMs + context.capabilities.expirySlackMs);
      await context.shows(other, name, [], context.recoverMs);
    },

    'an owner that renews after an outage is on the roll again': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(600_000);
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['a', 'b']), { ttlMs });
      await seen.settlesTo([service(name, ['a', 'b'])]);
      await faults.stop();
      await registry.register(service(name, ['a', 'b']), { ttlMs }).catch(() => {});
      await faults.start();
      await context.recovers('register', () => registry.register(service(name, ['a', 'b']), { ttlMs }));
      await seen.settlesTo([service(name, ['a', 'b'])], context.recoverMs);
      await context.shows(other, name, [service(name, ['a', 'b'])]);
    },
  },
};
