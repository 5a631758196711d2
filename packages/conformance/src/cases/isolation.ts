import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { assertDeepFrozen } from '../kit/expect.ts';
import { assertServices } from '../kit/roll.ts';
import { changed, fullService, service } from '../kit/samples.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Mutable<T[K]> : T[K] };

/** Changes every property that can be reached. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    const record = value as Record<string, unknown>;
    if (typeof record[key] === 'object') spoil(record[key]);
    else record[key] = 'spoilt';
  }
  if (Array.isArray(value)) value.length = 0;
}

/** No caller can change the registry's state, or what another caller gets. */
export const isolation: Concern = {
  concern: 'isolation',
  cases: {
    'register copies its argument at the call': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      const input = structuredClone(fullService(name));
      const writing = registry.register(input);
      spoil(input);
      await writing;
      assertServices(await registry.getService(name), [fullService(name)]);
      await seen.settlesTo([fullService(name)]);
    },

    'a caller may change the argument after the call without an effect': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const input = structuredClone(fullService(name)) as Mutable<ReturnType<typeof fullService>>;
      await registry.register(input);
      spoil(input);
      assertServices(await registry.getService(name), [fullService(name)]);
    },

    'an argument that was changed and is passed again is an update': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      const input = { name, metadata: { mark: '1' }, nodes: [{ id: 'n1', address: '192.0.2.1:80' }] };
      await registry.register(input);
      await seen.settlesTo([structuredClone(input)]);
      input.metadata.mark = '2';
      await registry.register(input);
      await seen.settlesTo([structuredClone(input)]);
    },

    'register does not change its argument': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const input = structuredClone(fullService(name));
      await registry.register(input);
      assert.deepEqual(input, fullService(name));
      assert(!Object.isFrozen(input) && !Object.isFrozen(input.nodes), 'the input was frozen');
    },

    'register accepts frozen arguments': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await registry.register(service(name));
      const [read] = await registry.getService(name);
      assert(read !== undefined);
      await registry.register(read, Object.freeze({ ttlMs: context.ttlMs(60_000) }));
      await registry.deregister(read, Object.freeze({}));
    },

    'getService hands out deeply frozen objects': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(fullService(name));
      await context.shows(other, name, [fullService(name)]);
      assertDeepFrozen('the answer', await registry.getService(name));
      assertDeepFrozen('the answer to another', await other.getService(name));
      assertDeepFrozen('the empty answer', await registry.getService(context.name('nobody')));
    },

    'listServices hands out deeply frozen objects': async (context) => {
      const registry = await context.open();
      await registry.register(service(context.name()));
      assertDeepFrozen('the list', await registry.listServices());
    },

    'events are deeply frozen': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(fullService(name));
      await seen.settlesTo([fullService(name)]);
      await registry.register(changed(fullService(name)));
      await seen.settlesTo([changed(fullService(name))]);
      await registry.deregister(service(name));
      await seen.settlesTo([]);
      for (const event of seen.events) assertDeepFrozen(event.type, event);
    },

    'a reader cannot change what another reader gets': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(fullService(name));
      await context.shows(other, name, [fullService(name)]);
      const read = await registry.getService(name);
      assert.throws(() => spoil(read), TypeError);
      assertServices(await registry.getService(name), [fullService(name)]);
      assertServices(await other.getService(name), [fullService(name)]);
    },
  },
};
