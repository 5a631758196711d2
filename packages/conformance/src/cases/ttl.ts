import assert from 'node:assert/strict';
import type { Registry } from '@rollcall/core';
import type { Concern } from '../case.ts';
import { renewedTtlMs, shortTtlMs } from '../defaults.ts';
import type { CaseContext } from '../kit/context.ts';
import { changed, service } from '../kit/samples.ts';
import { now, pause } from '../kit/waiting.ts';

/** Registers again and again until told to stop. The TTL must survive stalls of the test's own process. */
function keep(registry: Registry, ids: readonly string[], name: string, ttlMs: number): () => Promise<void> {
  let on = true;
  const renewing = (async () => {
    while (on) {
      await registry.register(service(name, ids), { ttlMs });
      await pause(ttlMs / 5);
    }
  })();
  return async () => {
    on = false;
    await renewing;
  };
}

/** When a node without renewal must be gone. */
const goneWithin = (context: CaseContext, ttlMs: number): number =>
  ttlMs + context.capabilities.expirySlackMs + context.capabilities.propagationMs + context.toleranceMs;

/** Leases. Each case waits for several TTLs at the same time. */
export const ttl: Concern = {
  concern: 'ttl',
  cases: {
    'a node without a renewal is gone after its TTL, not before and at most expirySlackMs later': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const seen = context.observe(other, { name });
      await seen.until('synced', () => seen.synced);
      const before = now();
      await registry.register(service(name), { ttlMs });
      const after = now();
      await seen.until('the delete', () => seen.deleteOf('n1') !== undefined, ttlMs + context.settleMs * 2);
      const gone = now();
      // Timers and clocks of two processes may round differently.
      assert(gone - before >= ttlMs - 2, `gone ${gone - before} ms after it was registered with ${ttlMs} ms`);
      assert(gone - after <= goneWithin(context, ttlMs), `gone only after ${gone - after} ms of ${ttlMs} ms`);
      await context.shows(other, name, []);
    },

    'an expiry is a delete with the reason expired': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['a', 'b']), { ttlMs: context.ttlMs(shortTtlMs) });
      await seen.until(
        'both deletes',
        () => seen.deleteOf('a') !== undefined && seen.deleteOf('b') !== undefined,
        goneWithin(context, context.ttlMs(shortTtlMs)) + context.settleMs,
      );
      assert.deepEqual([seen.deleteOf('a')?.reason, seen.deleteOf('b')?.reason], ['expired', 'expired']);
      assert.deepEqual(await other.getService(name), []);
    },

    'reads leave out an expired node, listServices included': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      await registry.register(service(name), { ttlMs });
      const limit = goneWithin(context, ttlMs);
      await Promise.all([context.shows(registry, name, [], limit), context.shows(other, name, [], limit)]);
      const names = (await other.listServices()).map((one) => one.name);
      assert(!names.includes(name), 'the expired service is still listed');
    },

    'renewals keep a node through several TTLs': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(context.patient(renewedTtlMs));
      const seen = context.observe(other, { name });
      const stop = keep(registry, ['a', 'b'], name, ttlMs);
      try {
        await seen.settlesTo([service(name, ['a', 'b'])]);
        await pause(ttlMs * 2 + context.capabilities.expirySlackMs);
        await seen.settlesTo([service(name, ['a', 'b'])]);
        await context.shows(other, name, [service(name, ['a', 'b'])]);
      } finally {
        await stop();
      }
      assert(!seen.events.some(({ type }) => type === 'delete'), 'the renewed node was away in between');
    },

    'of several nodes the renewed one stays and the others expire': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(context.patient(renewedTtlMs));
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['a', 'b', 'c']), { ttlMs });
      const stop = keep(registry, ['b'], name, ttlMs);
      try {
        await seen.settlesTo([service(name, ['b'])], goneWithin(context, ttlMs) + context.settleMs);
      } finally {
        await stop();
      }
    },

    'a node without a TTL stays, and one that is deregistered before its TTL is deleted once': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(context.patient(renewedTtlMs));
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['stays']));
      await registry.register(service(name, ['leaves', 'clock']), { ttlMs });
      await seen.until('all', () => seen.state.length === 3);
      await registry.deregister(service(name, ['leaves']));
      await seen.settlesTo([service(name, ['stays'])], goneWithin(context, ttlMs) + context.settleMs);
      assert.deepEqual([seen.deleteOf('leaves')?.reason, seen.deleteOf('clock')?.reason], ['deregistered', 'expired']);
    },

    'a renewal with a longer or shorter TTL changes the TTL': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const [short, long] = [context.ttlMs(shortTtlMs), context.ttlMs(600_000)];
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['shortened', 'clock']), { ttlMs: long });
      await registry.register(service(name, ['lengthened']), { ttlMs: context.ttlMs(context.patient(renewedTtlMs)) });
      await registry.register(service(name, ['lengthened']), { ttlMs: long });
      await registry.register(service(name, ['shortened']), { ttlMs: short });
      await registry.register(service(name, ['clock']), { ttlMs: context.ttlMs(context.patient(renewedTtlMs) + 200) });
      const limit = goneWithin(context, context.ttlMs(context.patient(renewedTtlMs) + 200)) + context.settleMs;
      await seen.settlesTo([service(name, ['lengthened'])], limit);
    },

    'a register without a TTL ends the lease, one with a TTL begins one': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(context.patient(renewedTtlMs));
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['freed', 'clock']), { ttlMs });
      await registry.register(service(name, ['leased']));
      await registry.register(service(name, ['freed']));
      await registry.register(service(name, ['leased', 'clock']), { ttlMs });
      await seen.settlesTo([service(name, ['freed'])], goneWithin(context, ttlMs) + context.settleMs);
      await context.shows(other, name, [service(name, ['freed'])]);
    },

    'a register with changed content extends the TTL as well': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const seen = context.observe(other, { name });
      await registry.register(service(name), { ttlMs });
      await registry.register(changed(service(name)), { ttlMs: context.ttlMs(600_000) });
      await registry.register(service(name, ['clock']), { ttlMs });
      await seen.until(
        'the clock is gone',
        () => seen.deleteOf('clock') !== undefined,
        goneWithin(context, ttlMs) + context.settleMs,
      );
      await seen.settlesTo([changed(service(name))]);
    },

    'a TTL below minTtlMs is raised, and one between two steps of ttlResolutionMs is rounded up': async (context) => {
      const [registry, other] = await context.openTwo();
      const { minTtlMs, ttlResolutionMs } = context.capabilities;
      const name = context.name();
      const asked = [minTtlMs / 2, minTtlMs + ttlResolutionMs / 2, context.ttlMs(shortTtlMs) - ttlResolutionMs / 2];
      const seen = context.observe(other, { name });
      await seen.until('synced', () => seen.synced);
      const goes = async (ttlMs: number, id: string): Promise<void> => {
        const startedAt = now();
        await registry.register(service(name, [id]), { ttlMs });
        const kept = context.ttlMs(ttlMs);
        const limit = goneWithin(context, kept);
        await seen.until(`${id} is gone`, () => seen.deleteOf(id) !== undefined, limit + context.settleMs);
        const took = now() - startedAt;
        assert(took >= kept - 2, `asked for ${ttlMs} ms, gone after ${took} instead of ${kept} ms`);
      };
      await Promise.all(asked.map((ttlMs, index) => goes(ttlMs, `n${index}`)));
      await context.shows(other, name, []);
    },

    'a registry logs that it raised a TTL': async (context) => {
      const lines: string[] = [];
      const log = (_fields: object, message: string): void => void lines.push(message);
      const registry = await context.open({ logger: { debug() {}, info: log, warn: log, error: log } });
      await registry.register(service(context.name()), { ttlMs: context.capabilities.minTtlMs / 2 });
      assert(lines.length > 0, 'no line was logged about the raised TTL');
    },

    'a TTL longer than the longest timer of the platform does not expire early': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['long']), { ttlMs: 30 * 86_400_000 });
      await registry.register(service(name, ['clock']), { ttlMs });
      await seen.until(
        'the clock is gone',
        () => seen.deleteOf('clock') !== undefined,
        goneWithin(context, ttlMs) + context.settleMs,
      );
      await seen.settlesTo([service(name, ['long'])]);
    },

    'a register after the expiry writes the node again': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const seen = context.observe(other, { name });
      await registry.register(service(name), { ttlMs });
      await seen.until(
        'the delete',
        () => seen.deleteOf('n1') !== undefined,
        goneWithin(context, ttlMs) + context.settleMs,
      );
      await registry.register(service(name), { ttlMs: context.ttlMs(60_000) });
      await seen.settlesTo([service(name)]);
      await context.shows(other, name, [service(name)]);
    },

    'nodes left by close({ withdraw: false }) expire at their TTL': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const seen = context.observe(other, { name });
      await registry.register(service(name), { ttlMs });
      await registry.close({ withdraw: false });
      await seen.until(
        'the delete',
        () => seen.deleteOf('n1') !== undefined,
        goneWithin(context, ttlMs) + context.settleMs,
      );
      assert.equal(seen.deleteOf('n1')?.reason, 'expired');
      await context.shows(other, name, []);
    },

    'the expiry of a former holder does not end the lease of the present holder': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const mine = changed(service(name, ['n1']), 'mine');
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['n1']), { ttlMs });
      if (context.capabilities.takesOver) await other.register(mine);
      else await registry.register(mine);
      await registry.register(service(name, ['clock']), { ttlMs });
      await seen.until(
        'the clock is gone',
        () => seen.deleteOf('clock') !== undefined,
        goneWithin(context, ttlMs) + context.settleMs,
      );
      await seen.settlesTo([mine]);
      await context.shows(other, name, [mine]);
    },
  },
};
