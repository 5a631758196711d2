import assert from 'node:assert/strict';
import type { Registry } from '@rollcall/core';
import type { Concern } from '../case.ts';
import { farMs, renewedTtlMs } from '../defaults.ts';
import type { CaseContext } from '../kit/context.ts';
import { assertServices, rowsOf } from '../kit/roll.ts';
import { service } from '../kit/samples.ts';
import { eventually, now, pause } from '../kit/waiting.ts';

/** Exceeds the usual page sizes of backends and their libraries: 100, 128, 256, 500, 512. */
const manyNodes = 520;
/** The number of nodes for backends with little room per node, where each node costs packets. */
const fewNodes = 40;
/** How many nodes one object renews: more than a hundred. */
const keptNodes = 130;
/** How many nodes one call writes, and how many calls run at the same time: what a small backend writes in seconds. */
const atATime = 40;

/** Makes as many ids as this backend is tested with. */
function idsFor({ capabilities }: CaseContext): readonly string[] {
  const count = capabilities.maxNodeBytes >= 32_768 ? manyNodes : fewNodes;
  return Array.from({ length: count }, (_, index) => `n${index}`);
}

async function registerAll(registry: Registry, name: string, ids: readonly string[], ttlMs?: number): Promise<void> {
  const options = { timeoutMs: farMs, ...(ttlMs === undefined ? {} : { ttlMs }) };
  for (let from = 0; from < ids.length; from += atATime) {
    await registry.register(service(name, ids.slice(from, from + atATime)), options);
  }
}

/** A roll of hundreds behaves like a roll of three. */
export const largeState: Concern = {
  concern: 'large state',
  cases: {},
  burstCases: {
    'a service of many nodes is read whole, and a watcher is told the whole before synced': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ids = idsFor(context);
      await registerAll(registry, name, ids);
      const all = [service(name, ids)];
      assertServices(await registry.getService(name), all);
      await context.shows(other, name, all);
      for (const options of [{ name }, {}]) {
        const seen = context.slowObserver(other, options);
        await seen.pullUntilSynced();
        assert.deepEqual(rowsOf(seen.state), rowsOf(all), 'at synced the told state is not whole');
        await seen.stop();
      }
    },

    'many services are listed whole, and a watcher of all is told the whole before synced': async (context) => {
      const [registry, other] = await context.openTwo();
      const count = Math.ceil(idsFor(context).length / 4);
      const names = Array.from({ length: count }, (_, index) => context.name(`${index}`.padStart(4, '0')));
      for (let from = 0; from < names.length; from += atATime) {
        const some = names.slice(from, from + atATime);
        await Promise.all(some.map((name) => registry.register(service(name), { timeoutMs: farMs })));
      }
      await eventually('all services are listed', context.settleMs, async () => {
        const listed = (await other.listServices()).map(({ name }) => name);
        assert.deepEqual(
          listed.filter((name) => name.startsWith(context.prefix)),
          names,
        );
      });
      const seen = context.slowObserver(other);
      await seen.pullUntilSynced();
      const all = names.map((name) => service(name));
      assert.deepEqual(rowsOf(seen.state), rowsOf(all), 'at synced the told state is not whole');
    },

    'an object that holds many nodes keeps all of them by its renewals': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ids = idsFor(context).slice(0, keptNodes);
      const ttlMs = context.ttlMs(context.patient(renewedTtlMs) * 6);
      const seen = context.observe(other, { name });
      const until = now() + ttlMs * 1.5;
      while (now() < until) {
        await registerAll(registry, name, ids, ttlMs);
        await pause(ttlMs / 8);
      }
      await seen.settlesTo([service(name, ids)]);
      assert(!seen.events.some(({ type }) => type === 'delete'), 'a node was away in between');
    },
  },
};
