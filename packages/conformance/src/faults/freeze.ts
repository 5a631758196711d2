import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { farMs, shortTtlMs } from '../defaults.ts';
import { rejects } from '../kit/expect.ts';
import { rowsOf } from '../kit/roll.ts';
import { changed, service } from '../kit/samples.ts';
import { pause, within } from '../kit/waiting.ts';

/** A backend that keeps its connections and answers nothing. */
export const freeze: Concern = {
  concern: 'frozen backend',
  cases: {},
  faultCases: {
    'a read from a frozen backend is TIMEOUT, never []': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await other.init();
      await faults.freeze();
      const timeout = { code: 'TIMEOUT', withinMs: 200 + context.soonMs } as const;
      await rejects('getService', timeout, () => registry.getService(name, { timeoutMs: 200 }));
      await rejects('listServices', timeout, () => other.listServices({ timeoutMs: 200 }));
    },

    'a call that hangs holds up no read of another object': async (context, faults) => {
      const registry = await context.open();
      await registry.init();
      await faults.freeze();
      const controller = new AbortController();
      const hanging = registry
        .register(service(context.name()), { timeoutMs: farMs, signal: controller.signal })
        .catch(() => {});
      const timeout = { code: 'TIMEOUT', withinMs: 200 + context.soonMs } as const;
      await rejects('getService', timeout, () => registry.getService(context.name(), { timeoutMs: 200 }));
      controller.abort();
      await within('the aborted call', context.soonMs, hanging);
    },

    'after a freeze calls work and watchers hear the truth': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name, ['a']));
      await seen.settlesTo([service(name, ['a'])]);
      await faults.freeze();
      await registry.register(service(name, ['b']), { timeoutMs: 200 }).catch(() => {});
      assert.deepEqual(rowsOf(seen.state), rowsOf([service(name, ['a'])]), 'a frozen backend changed the state');
      await faults.resume();
      await context.recovers('register', () => registry.register(service(name, ['a'])));
      await context.recovers('register', () => registry.register(changed(service(name, ['b']))));
      await seen.settlesTo([service(name, ['a']), changed(service(name, ['b']))], context.recoverMs);
      await context.shows(registry, name, [service(name, ['a']), changed(service(name, ['b']))]);
    },

    'a write that timed out cannot overtake a later write': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name));
      await faults.freeze();
      await registry.register(changed(service(name), 'early'), { timeoutMs: 100 }).catch(() => {});
      await faults.resume();
      await context.recovers('register', () => registry.register(changed(service(name), 'late')));
      await seen.settlesTo([changed(service(name), 'late')], context.recoverMs);
      await context.shows(registry, name, [changed(service(name), 'late')]);
    },

    'a write whose answer was lost is withdrawn by close': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await Promise.all([registry.init(), other.init()]);
      await faults.freeze();
      await registry.register(service(name), { timeoutMs: 100 }).catch(() => {});
      await faults.resume();
      await registry.close();
      await context.recovers('register', () => other.register(service(name, ['sentinel'])));
      await context.observe(other, { name }).settlesTo([service(name, ['sentinel'])], context.recoverMs);
      await context.shows(other, name, [service(name, ['sentinel'])]);
    },

    'calls that wait for a frozen backend take effect in call order, also when one between them gives up': async (
      context,
      faults,
    ) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name));
      await faults.freeze();
      const controller = new AbortController();
      const options = [{}, {}, { signal: controller.signal }, {}, {}];
      const calls = options.map((one, index) =>
        registry.register(changed(service(name), `${index}`), { ...one, timeoutMs: farMs }),
      );
      const settled = Promise.allSettled(calls);
      await pause(50);
      controller.abort();
      await pause(50);
      await faults.resume();
      await within('the calls', context.recoverMs, settled);
      await seen.settlesTo([changed(service(name), '4')], context.recoverMs);
      await context.shows(registry, name, [changed(service(name), '4')], context.recoverMs);
    },

    'a watcher that begins on a frozen backend hears interrupted, and synced when the backend is back': async (
      context,
      faults,
    ) => {
      const [registry, other] = [await context.open(), await context.open({ timeoutMs: 500 })];
      const name = context.name();
      await registry.register(service(name));
      await other.init();
      await faults.freeze();
      const seen = context.observe(other, { name });
      await seen.until('interrupted', () => seen.interruptions > 0, context.recoverMs);
      await faults.resume();
      await context.recovers('register', () => registry.register(service(name)));
      await seen.settlesTo([service(name)], context.recoverMs);
    },

    'after a freeze silent nodes expire and renewed nodes stay': async (context, faults) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const seen = context.observe(other, { name });
      await seen.until('synced', () => seen.synced);
      await registry.register(service(name, ['silent', 'renews']), { ttlMs });
      await faults.freeze();
      await registry.register(service(name, ['renews']), { ttlMs, timeoutMs: 100 }).catch(() => {});
      await faults.resume();
      const longer = { ttlMs: context.ttlMs(600_000) };
      await context.recovers('register', () => registry.register(service(name, ['renews']), longer));
      const limit = context.recoverMs + 2 * ttlMs + context.capabilities.expirySlackMs;
      await seen.settlesTo([service(name, ['renews'])], limit);
      await context.shows(other, name, [service(name, ['renews'])], context.recoverMs);
    },

    'a watcher ends on a frozen backend, by its signal, return and close': async (context, faults) => {
      const registry = await context.open({ closeTimeoutMs: 500 });
      const controller = new AbortController();
      const bySignal = context.observe(registry, { name: context.name('a'), signal: controller.signal });
      const byReturn = context.observe(registry, { name: context.name('b') });
      const byClose = context.observe(registry);
      for (const seen of [bySignal, byReturn, byClose]) await seen.until('synced', () => seen.synced);
      await faults.freeze();
      controller.abort();
      await bySignal.ends(context.soonMs);
      await byReturn.stop(context.settleMs);
      await within('close()', 500 + context.settleMs, registry.close());
      await byClose.ends(context.soonMs);
    },
  },
};
