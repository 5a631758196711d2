import assert from 'node:assert/strict';
import type { Service, ServiceInput } from '@rollcall/core';
import type { Concern } from '../case.ts';
import { shortTtlMs } from '../defaults.ts';
import type { CaseContext } from '../kit/context.ts';
import type { Observer } from '../kit/observer.ts';
import { rowsOf } from '../kit/roll.ts';
import { changed, service } from '../kit/samples.ts';

/** Names with characters that backends use as separators of keys, hosts and labels. */
const spelledNames = ['go.micro.srv', 'a.b', 'a-b', 'a_b', 'a.b.c', '0.x'];

/** Checks that the last delete of a node has this state. */
function assertDeleteCarries(seen: Observer, id: string, last: ServiceInput): void {
  const told = seen.deleteOf(id)?.service as Service;
  assert.deepEqual(rowsOf([told]), rowsOf([last]), `the delete of ${id} carries an older state`);
}

/** Waits until a node of this TTL has expired and watchers were told. */
const expiresWithin = (context: CaseContext, ttlMs: number): number =>
  ttlMs + context.capabilities.expirySlackMs + context.settleMs;

/** What a watch includes, and what not: other watches, other names, earlier states. */
export const watchScope: Concern = {
  concern: 'watch scope',
  cases: {
    'a second watch, of another name, does not disturb the first': async (context) => {
      const [registry, other] = await context.openTwo();
      const names = ['a', 'b', 'c'].map((label) => context.name(label));
      const watchers: Observer[] = [];
      for (const name of names) {
        const seen = context.observe(other, { name });
        await seen.until('synced', () => seen.synced);
        watchers.push(seen);
      }
      for (const name of names) await registry.register(service(name));
      for (const [index, seen] of watchers.entries()) await seen.settlesTo([service(names[index] as string)]);
      await registry.deregister(service(names[0] as string));
      await watchers[0]?.settlesTo([]);
    },

    'names with dots, dashes and underscores are told to a watcher of all services': async (context) => {
      const [registry, other] = await context.openTwo();
      const services = spelledNames.map((label) => service(context.name(label)));
      const [early] = services;
      assert(early !== undefined);
      await registry.register(early);
      await context.shows(other, early.name, [early]);
      const seen = context.observe(other);
      for (const one of services) await registry.register(one);
      await seen.settlesTo(services);
      for (const one of services) await registry.deregister(one);
      await seen.settlesTo([]);
    },

    'a delete carries the last state of the node, not an earlier one': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const seen = context.observe(other, { name });
      const [leaves, expires] = [service(name, ['leaves']), service(name, ['expires'])];
      await registry.register(leaves);
      await registry.register(expires);
      await seen.settlesTo([leaves, expires]);
      await registry.register(changed(leaves));
      await registry.register(changed(expires), { ttlMs: context.ttlMs(600_000) });
      await seen.settlesTo([changed(leaves), changed(expires)]);
      await registry.deregister(leaves);
      await registry.register(changed(expires), { ttlMs });
      await seen.settlesTo([], expiresWithin(context, ttlMs));
      assertDeleteCarries(seen, 'leaves', changed(leaves));
      assertDeleteCarries(seen, 'expires', changed(expires));
    },

    'a watcher that begins after an expiry is not told of the expired node': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['expires']), { ttlMs });
      await registry.register(service(name, ['stays']));
      await seen.until('both creates', () => seen.events.filter(({ type }) => type === 'create').length === 2);
      await seen.settlesTo([service(name, ['stays'])], expiresWithin(context, ttlMs));
      await context.shows(registry, name, [service(name, ['stays'])]);
      // Watchers of one object may share state; a watcher that has ended shares nothing.
      await seen.stop();
      for (const one of [registry, other, await context.open()]) {
        const later = context.slowObserver(one, { name });
        await later.pullUntilSynced();
        const told = later.events.filter((event) => 'service' in event && event.service.nodes[0]?.id === 'expires');
        assert.deepEqual(told, [], 'the expired node was told');
      }
    },

    'a watcher that begins after a deregistration is not told of the node': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['leaves', 'stays']));
      await seen.settlesTo([service(name, ['leaves', 'stays'])]);
      await registry.deregister(service(name, ['leaves']));
      await seen.settlesTo([service(name, ['stays'])]);
      await seen.stop();
      for (const one of [registry, other]) {
        const later = context.slowObserver(one, { name });
        await later.pullUntilSynced();
        assert.deepEqual(rowsOf(later.state), rowsOf([service(name, ['stays'])]));
      }
    },
  },
};
