import assert from 'node:assert/strict';
import type { Capabilities } from '@rollcall/core';
import type { Concern } from '../case.ts';
import { timed } from '../kit/expect.ts';
import { service } from '../kit/samples.ts';
import { eventually, pause, within } from '../kit/waiting.ts';

const numbers = ['minTtlMs', 'ttlResolutionMs', 'expirySlackMs', 'propagationMs', 'maxNodeBytes'] as const;
const flags = ['takesOver', 'durable', 'namespaces', 'crossProcess', 'crossHost'] as const;

function assertCapabilities(capabilities: Capabilities): void {
  for (const key of numbers) assert(Number.isInteger(capabilities[key]) && capabilities[key] >= 0, key);
  assert(capabilities.minTtlMs > 0 && capabilities.ttlResolutionMs > 0 && capabilities.maxNodeBytes > 0);
  for (const key of flags) assert.equal(typeof capabilities[key], 'boolean', key);
  assert(['any', 'same-agent', 'own'].includes(capabilities.removesOthers), 'removesOthers');
}

/** The handles that keep this process alive now. */
const handles = (): readonly string[] => process.getActiveResourcesInfo();

/** Opening, connecting, closing. */
export const lifecycle: Concern = {
  concern: 'lifecycle',
  cases: {
    'a registry has a name and complete capabilities': async (context) => {
      const registry = await context.open();
      assert(registry.name.length > 0, 'the name is empty');
      await registry.init();
      assertCapabilities(registry.capabilities);
    },

    'init is optional: the first call connects': async (context) => {
      const registry = await context.open();
      assert.deepEqual(await registry.getService(context.name()), []);
    },

    'init can be called twice, one after the other and at the same time': async (context) => {
      const registry = await context.open();
      await Promise.all([registry.init(), registry.init()]);
      await registry.init();
    },

    'close is idempotent': async (context) => {
      const registry = await context.open();
      await registry.init();
      await Promise.all([registry.close(), registry.close()]);
      await registry.close();
    },

    'close of a registry that was never used resolves': async (context) => {
      const registry = await context.open();
      await within('close()', context.soonMs, registry.close());
    },

    'close right after the start of init resolves': async (context) => {
      const registry = await context.open();
      const starting = registry.init().catch(() => {});
      await within('close()', context.settleMs, registry.close());
      await within('init()', context.soonMs, starting);
    },

    'close withdraws what this object registered': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name, ['a', 'b']));
      await registry.register(service(name, ['c'], '2'), { ttlMs: context.ttlMs(60_000) });
      await registry.close();
      await context.shows(other, name, []);
    },

    'close withdraws the nodes of all services of the object': async (context) => {
      const [registry, other] = await context.openTwo();
      const names = ['first', 'second', 'third'].map((label) => context.name(label));
      for (const name of names) await registry.register(service(name, ['a', 'b']));
      await registry.register(service(names[0] as string, ['c']), { ttlMs: context.ttlMs(60_000) });
      for (const name of names.slice(1)) await context.shows(other, name, [service(name, ['a', 'b'])]);
      await registry.close();
      for (const name of names) await context.shows(other, name, []);
    },

    'close withdraws no node of another object': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name, ['a']));
      await other.register(service(name, ['b']));
      await registry.close();
      await context.shows(other, name, [service(name, ['b'])]);
    },

    'close({ withdraw: false }) leaves the entries': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(60_000);
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['stays']), { ttlMs });
      await seen.settlesTo([service(name, ['stays'])]);
      await registry.close({ withdraw: false });
      await other.register(service(name, ['later']));
      await seen.settlesTo([service(name, ['later', 'stays'])]);
      // The first register takes the node over, so that close withdraws it.
      await other.register(service(name, ['stays'], '2'));
    },

    'a second close does not withdraw what the first left': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name), { ttlMs: context.ttlMs(60_000) });
      await seen.settlesTo([service(name)]);
      await registry.close({ withdraw: false });
      await registry.close();
      await seen.settlesTo([service(name)]);
      await other.register(service(name, ['n1'], '2'));
    },

    'disposal closes the registry and withdraws its nodes': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await registry[Symbol.asyncDispose]();
      await context.shows(other, name, []);
    },

    'close right after the start of a register leaves no node behind': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.init();
      const writing = registry.register(service(name)).catch(() => {});
      await registry.close();
      await writing;
      await other.register(service(name, ['sentinel']));
      await context.observe(other, { name }).settlesTo([service(name, ['sentinel'])]);
      await context.shows(other, name, [service(name, ['sentinel'])]);
    },

    'closing one registry leaves others working': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.init();
      await registry.close();
      await other.register(service(name));
      await seen.settlesTo([service(name)]);
    },

    'close is bounded by closeTimeoutMs': async (context) => {
      const registry = await context.open({ closeTimeoutMs: 500 });
      await registry.register(service(context.name()));
      context.observe(registry);
      const took = await timed(() => within('close()', 500 + context.settleMs, registry.close()));
      assert(took <= 500 + context.toleranceMs, `close() took ${took} ms with a closeTimeoutMs of 500`);
    },
  },
  processCases: {
    'an idle registry keeps no process alive': async (context) => {
      // Looks several times, because the runner's own timers come and go, and connections take a while to end.
      let settling = 5;
      await eventually('an idle registry holds no more than a closed one', context.settleMs, async () => {
        const registry = await context.open();
        await registry.register(service(context.name()), { ttlMs: context.ttlMs(60_000) });
        await context.observe(registry).stop();
        registry.watch();
        settling *= 2;
        await pause(settling);
        const idle = handles();
        await registry.close();
        assert(idle.length <= handles().length, `the idle registry holds one of ${idle.join(', ')}`);
      });
    },

    'a pending next of a watcher keeps the process alive': async (context) => {
      const registry = await context.open();
      await eventually('a pending next holds a handle', context.settleMs, async () => {
        const seen = context.slowObserver(registry, { name: context.name() });
        await seen.pullUntilSynced();
        const idle = handles();
        const pending = seen.watcher.next();
        const held = handles();
        await seen.stop();
        await pending;
        assert(held.length > idle.length, 'no handle is held, so a program that only watches would end');
      });
    },

    'repeated open, use and close leave no handle behind': async (context) => {
      const round = async (): Promise<void> => {
        const registry = await context.open();
        const observer = context.observe(registry);
        await registry.register(service(context.name()), { ttlMs: context.ttlMs(60_000) });
        await observer.until('synced', () => observer.synced);
        await registry.close();
      };
      await round();
      const before = handles().length;
      for (let index = 0; index < 5; index += 1) await round();
      await eventually('the handles are gone', context.settleMs, () => {
        const after = handles();
        assert(after.length <= before + 1, `${before} handles before, ${after.length} after: ${after.join(', ')}`);
      });
    },
  },
  faultCases: {
    'making a registry works while the backend is down, since it does no I/O': async (context, faults) => {
      await faults.stop();
      const registry = await context.open();
      await within('close()', context.settleMs, registry.close());
    },

    'close is bounded while the backend is frozen': async (context, faults) => {
      const registry = await context.open({ closeTimeoutMs: 500 });
      await registry.register(service(context.name()), { ttlMs: context.ttlMs(60_000) });
      const observer = context.observe(registry);
      await observer.until('synced', () => observer.synced);
      await faults.freeze();
      const took = await timed(() => within('close()', 500 + context.settleMs, registry.close()));
      assert(took <= 500 + context.toleranceMs, `close() took ${took} ms with a closeTimeoutMs of 500`);
    },

    'close is bounded while the backend is down': async (context, faults) => {
      const registry = await context.open({ closeTimeoutMs: 500 });
      await registry.register(service(context.name()), { ttlMs: context.ttlMs(60_000) });
      await faults.stop();
      const took = await timed(() => within('close()', 500 + context.settleMs, registry.close()));
      assert(took <= 500 + context.toleranceMs, `close() took ${took} ms with a closeTimeoutMs of 500`);
    },
  },
};
