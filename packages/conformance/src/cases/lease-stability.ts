import assert from 'node:assert/strict';
import type { Registry } from '@rollcall/core';
import type { CaseBody, Concern } from '../case.ts';
import { renewedTtlMs, shortTtlMs } from '../defaults.ts';
import type { CaseContext } from '../kit/context.ts';
import { service } from '../kit/samples.ts';
import { now, pause, within } from '../kit/waiting.ts';

/** When a node without renewal must be gone. */
const goneWithin = (context: CaseContext, ttlMs: number): number =>
  ttlMs + context.capabilities.expirySlackMs + context.capabilities.propagationMs + context.toleranceMs;

/** A call that is repeated while a lease runs out. */
type Touch = (context: CaseContext, registries: readonly Registry[], name: string) => Promise<unknown>;

/** Registers once, and repeats a call that must not renew until the TTL is over: the node must still leave in time. */
function extendedNotBy(touch: Touch): CaseBody {
  return async (context) => {
    const [registry, other] = await context.openTwo();
    const name = context.name();
    const ttlMs = context.ttlMs(shortTtlMs);
    const seen = context.observe(await context.open(), { name });
    await seen.until('synced', () => seen.synced);
    await registry.register(service(name), { ttlMs });
    const until = now() + goneWithin(context, ttlMs);
    while (seen.deleteOf('n1') === undefined) {
      assert(now() < until, `still there ${goneWithin(context, ttlMs)} ms after a TTL of ${ttlMs} ms began`);
      await within('a touch', context.settleMs, touch(context, [registry, other], name));
      await pause(ttlMs / 10);
    }
    assert.equal(seen.deleteOf('n1')?.reason, 'expired');
  };
}

/** Cases that show that only a register touches a lease. */
export const leaseStability: Concern = {
  concern: 'what leaves a lease alone',
  cases: {
    'reads do not extend a lease': extendedNotBy((_, registries, name) =>
      Promise.all(registries.map((registry) => registry.getService(name))),
    ),

    'lists do not extend a lease': extendedNotBy((_, registries) =>
      Promise.all(registries.map((registry) => registry.listServices())),
    ),

    'the first state of a watcher does not extend a lease': extendedNotBy(async (context, registries, name) => {
      for (const registry of registries) {
        const seen = context.slowObserver(registry, { name });
        await seen.pullUntilSynced();
        await seen.stop();
      }
    }),

    'a register of a sibling does not extend a lease': extendedNotBy((context, [registry, other], name) =>
      Promise.all([
        registry?.register(service(name, ['sibling']), { ttlMs: context.ttlMs(60_000) }),
        other?.register(service(`${name}-2`), { ttlMs: context.ttlMs(60_000) }),
      ]),
    ),

    'a renew interval neither lengthens nor shortens the TTL of a node': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const seen = context.observe(other, { name });
      await seen.until('synced', () => seen.synced);
      const goes = async (id: string, renewIntervalMs: number): Promise<void> => {
        const before = now();
        await registry.register(service(name, [id]), { ttlMs, renewIntervalMs });
        const after = now();
        await seen.until(`${id} is gone`, () => seen.deleteOf(id) !== undefined, ttlMs + context.settleMs * 2);
        const gone = now();
        assert(gone - before >= ttlMs - 2, `${id}: gone after ${gone - before} ms of ${ttlMs} ms`);
        assert(gone - after <= goneWithin(context, ttlMs), `${id}: gone only after ${gone - after} ms of ${ttlMs} ms`);
      };
      await Promise.all([goes('seldom', ttlMs * 20), goes('often', 1), goes('once', ttlMs)]);
    },

    'a node that is deregistered late in its TTL is told deregistered': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(context.patient(renewedTtlMs));
      const seen = context.observe(other, { name });
      for (let attempt = 1; ; attempt += 1) {
        const id = `n${attempt}`;
        await registry.register(service(name, [id]), { ttlMs });
        const before = now();
        await registry.register(service(name, [id]), { ttlMs });
        await pause(ttlMs * 0.6);
        await registry.deregister(service(name, [id]));
        await seen.until('the delete', () => seen.deleteOf(id) !== undefined, goneWithin(context, ttlMs));
        // On a machine that stood still the lease has run out.
        if (now() - before >= ttlMs && attempt < 5) continue;
        assert.equal(seen.deleteOf(id)?.reason, 'deregistered');
        return;
      }
    },

    'neither a service nor a version of which all nodes expired is listed': async (context) => {
      const [registry, other] = await context.openTwo();
      const [stays, goes] = [context.name('stays'), context.name('goes')];
      const ttlMs = context.ttlMs(shortTtlMs);
      const seen = context.observe(other);
      await registry.register(service(stays, ['a'], '1'));
      await registry.register(service(stays, ['b'], '2'), { ttlMs });
      await registry.register(service(goes), { ttlMs });
      await seen.until('the creates', () => seen.events.filter(({ type }) => type === 'create').length === 3);
      await seen.settlesTo([service(stays, ['a'], '1')], goneWithin(context, ttlMs) + context.settleMs);
      await pause(context.capabilities.propagationMs);
      for (const one of [registry, other]) {
        const listed = (await one.listServices()).filter(({ name }) => name.startsWith(context.prefix));
        assert.deepEqual(listed, [{ name: stays, versions: ['1'] }]);
      }
    },

    'a node that is renewed in time, or has no TTL, is never late': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(context.patient(renewedTtlMs) * 4);
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['free']));
      const assertPunctual = async (): Promise<void> => {
        const nodes = (await other.getService(name)).flatMap((one) => one.nodes);
        for (const node of [...nodes, ...seen.state.flatMap((one) => one.nodes)]) {
          assert.equal(node.late, undefined, `${node.id} is late`);
        }
      };
      for (let round = 0; round < 4; round += 1) {
        await registry.register(service(name, ['leased']), { ttlMs, renewIntervalMs: ttlMs });
        await seen.settlesTo([service(name, ['free', 'leased'])]);
        await assertPunctual();
        await pause(ttlMs / 20);
        await assertPunctual();
      }
    },
  },
};
