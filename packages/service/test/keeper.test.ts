import { type RegisterOptions, RegistryError } from '@rollcall/core';
import { manualClock } from '@rollcall/core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { memory } from '../../adapters/memory/src/index.ts';
import { Keeper, type Loss } from '../src/runtime/keeper.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A keeper and its registry in memory; the test moves the clock of both. */
function setUp(registerCheck?: (signal: AbortSignal) => Promise<void> | void) {
  const clock = manualClock();
  const registry = memory({ clock });
  const events = {
    registered: vi.fn((_: Loss | undefined) => {}),
    failed: vi.fn((_: RegistryError) => {}),
    conflict: vi.fn(async (_: RegistryError) => {}),
  };
  const service = { name: 'web', nodes: [{ id: 'w1', address: '10.0.0.1:80' }] };
  const keeper = new Keeper({ registry, service, ttlMs: 3_000, renewIntervalMs: 1_000, registerCheck, events, clock });
  cleanUps.push(
    () => registry.close(),
    () => keeper.stop(),
  );
  return { clock, registry, events, keeper };
}

describe('the loop that keeps a service registered', () => {
  it('a registerCheck that hangs for five seconds deregisters the service, and a later one registers it again', async () => {
    let hangs = false;
    const { clock, registry, events, keeper } = setUp(() => (hangs ? new Promise(() => {}) : undefined));
    await keeper.begin();
    hangs = true;
    await clock.advance(1_000);
    await clock.advance(5_000);
    expect(events.failed).toHaveBeenCalledTimes(1);
    expect(events.failed.mock.calls[0]?.[0].message).toMatch(/registerCheck fails: it did not answer within 5000 ms/);
    expect(await registry.listServices()).toEqual([]);
    hangs = false;
    await clock.advance(6_000);
    expect((await registry.listServices()).map(({ name }) => name)).toEqual(['web']);
  });

  it('a renewal that comes later than the TTL is told as a loss', async () => {
    const { clock, registry, events, keeper } = setUp();
    await keeper.begin();
    const register = registry.register.bind(registry);
    // The process is blocked for 4.5 s while it renews: nothing else runs meanwhile.
    vi.spyOn(registry, 'register').mockImplementationOnce(async (service, options?: RegisterOptions) => {
      await register(service, options);
      clock.now = (
        (now) => () =>
          now() + 4_500
      )(clock.now.bind(clock));
    });
    await clock.advance(1_000);
    await clock.advance(1_000);
    const losses = events.registered.mock.calls.flatMap(([loss]) => loss ?? []);
    expect(losses).toHaveLength(1);
    expect(losses[0]?.sinceMs).toBeGreaterThan(2_000);
    expect(losses[0]?.why).toMatch(/blocked or suspended/);
  });

  it('a renewal in time is not told as a loss', async () => {
    const { clock, events, keeper } = setUp();
    await keeper.begin();
    for (let beat = 0; beat < 20; beat += 1) await clock.advance(500);
    expect(events.registered.mock.calls.length).toBeGreaterThan(8);
    expect(events.registered.mock.calls.every(([loss]) => loss === undefined)).toBe(true);
  });

  it('a failed registration is retried soon, never more slowly than the renew interval, for ever', async () => {
    const { clock, registry, events, keeper } = setUp();
    const register = vi.spyOn(registry, 'register').mockRejectedValue(new RegistryError('UNAVAILABLE', 'away'));
    await keeper.begin();
    for (let tick = 0; tick < 1_200; tick += 1) await clock.advance(100);
    const early = register.mock.calls.length;
    expect(early).toBeGreaterThan(100);
    register.mockRestore();
    for (let tick = 0; tick < 11; tick += 1) await clock.advance(100);
    expect(events.registered).toHaveBeenCalled();
  });
});
