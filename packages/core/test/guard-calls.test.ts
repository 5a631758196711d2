import * as diagnostics from 'node:diagnostics_channel';
import { RegistryError } from '@rollcall/core';
import { createRegistry } from '@rollcall/core/adapter';
import { manualClock } from '@rollcall/core/testing';
import { describe, expect, it, vi } from 'vitest';
import { gate, ScriptedDriver, service } from './scripted-driver.ts';

function setUp() {
  const driver = new ScriptedDriver();
  const clock = manualClock();
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  return { driver, clock, logger, registry: createRegistry(driver, { clock, logger }) };
}

const code = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'resolved';
  } catch (error) {
    return RegistryError.is(error) ? error.code : `not ours: ${error}`;
  }
};

describe('put or renew', () => {
  it('the guard puts a new node, renews an unchanged one and puts a changed one', async () => {
    const { driver, registry } = setUp();
    await registry.register(service('a'), { ttlMs: 1000 });
    await registry.register({ ...service('a'), metadata: {} }, { ttlMs: 1000 });
    await registry.register(service('a', '2'), { ttlMs: 1000 });
    // Before the guard writes other content, it renews, so that the backend says who owns the node.
    expect(driver.log).toEqual(['connect', 'put a@1', 'renew a', 'renew a', 'put a@2']);
  });

  it('the guard puts a node again that the backend has lost', async () => {
    const { driver, registry } = setUp();
    await registry.register(service('a'));
    driver.entries.clear();
    await registry.register(service('a'));
    expect(driver.log.slice(2)).toEqual(['renew a', 'put a@1']);
    expect(driver.entries.size).toBe(1);
  });

  it('the guard puts a node whose lease begins or ends', async () => {
    const { driver, registry } = setUp();
    await registry.register(service('a'));
    await registry.register(service('a'), { ttlMs: 1000 });
    expect(driver.log.slice(1)).toEqual(['put a@1', 'renew a', 'put a@1']);
    expect(driver.leases.get('a')).toEqual({ ttlMs: 1000, renewIntervalMs: 333 });
  });

  it('the guard puts a node again after a write whose outcome is unknown', async () => {
    const { driver, registry } = setUp();
    await registry.init();
    driver.fault = new Error('reset');
    expect(await code(registry.register(service('a')))).toBe('UNAVAILABLE');
    driver.fault = undefined;
    await registry.register(service('a'));
    expect(driver.log.slice(1)).toEqual(['put a@1', 'put a@1']);
  });

  it('the guard puts nothing after a CONFLICT', async () => {
    const { driver, registry } = setUp();
    await registry.register(service('a'));
    driver.conflict = true;
    expect(await code(registry.register(service('a')))).toBe('CONFLICT');
    expect(await code(registry.register(service('a')))).toBe('CONFLICT');
    expect(driver.log.filter((line) => line.startsWith('put'))).toHaveLength(1);
  });

  it('the guard raises and rounds a TTL, and logs that once', async () => {
    const { driver, registry, logger } = setUp();
    await registry.register(service('a'), { ttlMs: 1 });
    await registry.register(service('b'), { ttlMs: 101, renewIntervalMs: 7 });
    await registry.register(service('b'), { ttlMs: 101, renewIntervalMs: 7 });
    expect(driver.leases.get('a')?.ttlMs).toBe(100);
    expect(driver.leases.get('b')).toEqual({ ttlMs: 200, renewIntervalMs: 7 });
    expect(logger.warn).toHaveBeenCalledTimes(2);
  });

  it('the guard refuses a node above maxNodeBytes, and names its size and the backend', async () => {
    const { driver, registry } = setUp();
    const metadata = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, 'x'.repeat(300)]));
    const refused = registry.register({ ...service('a'), metadata });
    await expect(refused).rejects.toThrow(/3\d{3} bytes.*scripted takes at most 2000/);
    expect(await code(refused)).toBe('RESOURCE_EXHAUSTED');
    expect(driver.log).toEqual([]);
  });

  it('the guard publishes on a diagnostics channel what became of a lease', async () => {
    const { driver, registry } = setUp();
    const seen: string[] = [];
    const listen = (message: unknown): void => {
      seen.push((message as { event: string }).event);
    };
    diagnostics.subscribe('rollcall:lease', listen);
    await registry.register(service('a'));
    await registry.register(service('a'));
    driver.entries.clear();
    await registry.register(service('a'));
    await registry.deregister(service('a'));
    diagnostics.unsubscribe('rollcall:lease', listen);
    expect(seen).toEqual(['written', 'renewed', 'lost', 'written', 'withdrawn']);
  });
});

describe('call order', () => {
  it('calls on one node take effect in turn, and calls on other nodes do not wait', async () => {
    const { driver, registry } = setUp();
    await registry.init();
    const first = gate();
    driver.wait = first.opened;
    const slow = registry.register(service('a', '1'));
    driver.wait = undefined;
    const next = registry.register(service('a', '2'));
    const removal = registry.deregister(service('a'));
    await registry.register(service('b'));
    expect(driver.log.slice(1)).toEqual(['put a@1', 'put b@1']);
    first.open();
    await Promise.all([slow, next, removal]);
    expect(driver.log.slice(1)).toEqual(['put a@1', 'put b@1', 'renew a', 'put a@2', 'remove a']);
  });

  it('a call waits for an aborted earlier call on the same node until the grace of the aborted call is over', async () => {
    const { driver, registry, clock } = setUp();
    await registry.init();
    driver.put = () => new Promise(() => {}); // This driver ignores its abort signal.
    const stuck = code(registry.register(service('a', '1'), { timeoutMs: 2_000 }));
    const waiting = code(registry.register(service('a', '2'), { timeoutMs: 10 }));
    const removal = code(registry.deregister(service('a'), { timeoutMs: 9_000 }));
    await clock.advance(1_900);
    expect(await waiting).toBe('TIMEOUT');
    expect(driver.log).not.toContain('remove a');
    await clock.advance(100);
    expect(await stuck).toBe('TIMEOUT');
    expect(driver.log).not.toContain('remove a');
    await clock.advance(1_000);
    expect(await removal).toBe('resolved');
  });
});

describe('deadline, signal, close', () => {
  it('a call without an answer is TIMEOUT by its deadline or a timeout signal, and ABORTED by any other signal', async () => {
    const { driver, registry, clock } = setUp();
    await registry.init();
    driver.wait = gate().opened;
    const byDeadline = code(registry.getService('a'));
    const controller = new AbortController();
    const bySignal = code(registry.getService('a', { signal: controller.signal }));
    const byTimeout = code(registry.listServices({ signal: AbortSignal.timeout(1) }));
    controller.abort();
    expect(await bySignal).toBe('ABORTED');
    expect(await byTimeout).toBe('TIMEOUT');
    await clock.advance(4_999);
    let settled = false;
    void byDeadline.then(() => {
      settled = true;
    });
    await clock.advance(0);
    expect(settled).toBe(false);
    await clock.advance(1);
    expect(await byDeadline).toBe('TIMEOUT');
  });

  it('close answers pending callers at once, lets their writes finish and withdraws what they wrote', async () => {
    const { driver, registry } = setUp();
    await registry.init();
    const answer = gate();
    driver.wait = answer.opened;
    const writing = code(registry.register(service('a')));
    const queued = code(registry.register(service('a', '2')));
    await Promise.resolve();
    const closed = registry.close();
    expect(await writing).toBe('CLOSED');
    driver.wait = undefined;
    answer.open();
    await closed;
    expect(await queued).toBe('CLOSED');
    expect(driver.withdrawn).toEqual([{ name: 'greeter', id: 'a' }]);
    expect(driver.log).not.toContain('put a@2');
  });

  it('close is bounded although the driver never answers', async () => {
    const { driver, registry, clock } = setUp();
    await registry.register(service('a'));
    driver.close = () => new Promise(() => {});
    const closed = registry.close();
    await clock.advance(3_000);
    await closed;
    expect(registry.close()).toBe(closed);
    expect(await code(registry.init())).toBe('CLOSED');
    expect(() => registry.watch()).toThrow(/closed/);
  });

  it('calls that come together connect once, and the next call connects again after a failure', async () => {
    const { driver, registry } = setUp();
    driver.fault = new Error('refused');
    expect(await code(registry.init())).toBe('UNAVAILABLE');
    driver.fault = undefined;
    await Promise.all([registry.init(), registry.getService('a'), registry.listServices()]);
    expect(driver.log.filter((line) => line === 'connect')).toHaveLength(2);
  });
});
