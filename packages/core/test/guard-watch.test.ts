import { type Registry, RegistryError, type WatchEvent, type Watcher } from '@rollcall/core';
import { createRegistry } from '@rollcall/core/adapter';
import { manualClock } from '@rollcall/core/testing';
import { describe, expect, it } from 'vitest';
import { ScriptedDriver, service } from './scripted-driver.ts';

function setUp() {
  const driver = new ScriptedDriver();
  const clock = manualClock();
  return { driver, clock, registry: createRegistry(driver, { clock }) };
}

function line(event: WatchEvent): string {
  if (event.type === 'interrupted') return `interrupted ${event.error.code}`;
  if (event.type === 'synced') return 'synced';
  const { version, nodes } = event.service;
  return `${event.type} ${nodes[0]?.id}@${version}${event.type === 'delete' ? ` ${event.reason}` : ''}`;
}

/** Takes the next `count` events, as lines. */
async function take(watcher: Watcher, count: number): Promise<string[]> {
  const lines: string[] = [];
  while (lines.length < count) {
    const { value } = await watcher.next();
    lines.push(value === undefined ? 'done' : line(value));
  }
  return lines;
}

async function filled(registry: Registry, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await registry.register(service(`n${index}`));
}

describe('watch', () => {
  it('a watch gives the state, then synced, then changes with their reason', async () => {
    const { registry } = setUp();
    await registry.register(service('a'));
    const watcher = registry.watch();
    expect(await take(watcher, 2)).toEqual(['create a@1', 'synced']);
    await registry.register(service('b'));
    await registry.register(service('a', '2'));
    await registry.deregister(service('b'));
    expect(await take(watcher, 1)).toEqual(['update a@2']);
    await registry.deregister(service('a'));
    expect(await take(watcher, 1)).toEqual(['delete a@2 deregistered']);
  });

  it('a watch coalesces changes of a node against what it last told', async () => {
    const { registry } = setUp();
    await filled(registry, 4);
    const watcher = registry.watch();
    await take(watcher, 5);
    await registry.register(service('n0', '2'));
    await registry.register(service('n0', '3')); // update + update
    await registry.register(service('n1', '2'));
    await registry.deregister(service('n1')); // update + delete
    await registry.deregister(service('n2'));
    await registry.register(service('n2', '1')); // delete + create, equal
    await registry.deregister(service('n3'));
    await registry.register(service('n3', '2')); // delete + create, not equal
    await registry.register(service('new', '1'));
    await registry.register(service('new', '2')); // create + update
    await registry.register(service('brief'));
    await registry.deregister(service('brief')); // create + delete
    expect(await take(watcher, 4)).toEqual(['update n0@3', 'delete n1@1 deregistered', 'update n3@2', 'create new@2']);
  });

  it('a watch holds one pending event per node for a consumer that sleeps', async () => {
    const { registry } = setUp();
    await filled(registry, 1_000);
    const watcher = registry.watch();
    await take(watcher, 1_001);
    for (let round = 2; round <= 101; round += 1) {
      for (let index = 0; index < 1_000; index += 1) await registry.register(service(`n${index}`, `${round}`));
    }
    const told = await take(watcher, 1_000);
    expect(new Set(told)).toEqual(new Set(Array.from({ length: 1_000 }, (_, index) => `update n${index}@101`)));
    await registry.register(service('last'));
    expect(await take(watcher, 1)).toEqual(['create last@1']);
  });

  it('a watch tells an outage once, then the difference, then synced', async () => {
    const { registry, driver, clock } = setUp();
    await filled(registry, 3);
    const watcher = registry.watch();
    await take(watcher, 4);
    driver.fault = new Error('down');
    driver.cut();
    expect(await take(watcher, 1)).toEqual(['interrupted UNAVAILABLE']);
    await clock.advance(10_000);
    driver.fault = undefined;
    driver.entries.delete('greeter\0n0');
    await registry.register(service('n1', '2'));
    await clock.advance(1_000);
    expect(await take(watcher, 3)).toEqual(['delete n0@1 unknown', 'update n1@2', 'synced']);
  });

  it('a watch drops an interrupted event of an outage that ended unread, and tells the error of a later outage', async () => {
    const { registry, driver, clock } = setUp();
    await registry.register(service('a'));
    const watcher = registry.watch();
    await take(watcher, 2);
    driver.cut();
    await clock.advance(1_000);
    await registry.register(service('a', '2'));
    expect(await take(watcher, 2)).toEqual(['update a@2', 'synced']);
    driver.fault = new Error('down');
    driver.cut();
    expect(await take(watcher, 1)).toEqual(['interrupted UNAVAILABLE']);
    driver.fault = new RegistryError('UNAUTHORIZED', 'token revoked');
    await clock.advance(1_000);
    expect(await take(watcher, 1)).toEqual(['interrupted UNAUTHORIZED']);
  });

  it('a watch begins with interrupted when the backend is down', async () => {
    const { registry, driver, clock } = setUp();
    driver.fault = new Error('down');
    driver.entries.set('greeter\0a', {
      ...service('a'),
      metadata: {},
      endpoints: [],
      node: { id: 'a', address: 'h:1', metadata: {} },
    });
    const watcher = registry.watch();
    expect(await take(watcher, 1)).toEqual(['interrupted UNAVAILABLE']);
    driver.fault = undefined;
    await clock.advance(2_000);
    expect(await take(watcher, 2)).toEqual(['create a@1', 'synced']);
  });

  it('a watch gives up a connection that never sends a snapshot', async () => {
    const { registry, driver, clock } = setUp();
    driver.mute = true;
    const watcher = registry.watch();
    const first = take(watcher, 1);
    await clock.advance(5_000);
    expect(await first).toEqual(['interrupted TIMEOUT']);
    driver.mute = false;
    await clock.advance(1_000);
    expect(await take(watcher, 1)).toEqual(['synced']);
  });

  it('a watcher that joins during an outage hears only what the backend confirmed', async () => {
    const { registry, driver, clock } = setUp();
    await filled(registry, 2);
    const early = registry.watch();
    await take(early, 3);
    driver.mute = true;
    driver.cut();
    await take(early, 1);
    const joined = registry.watch();
    expect(await take(joined, 1)).toEqual(['interrupted UNAVAILABLE']);
    await clock.advance(200);
    const [link] = driver.sinks;
    link?.sink.put(driver.entries.get('greeter\0n1')!);
    expect(await take(joined, 1)).toEqual(['create n1@1']);
    link?.sink.snapshot([...driver.entries.values()]);
    expect(await take(joined, 2)).toEqual(['create n0@1', 'synced']);
    expect(await take(early, 1)).toEqual(['synced']);
  });

  it('watchers of one filter share one watch of the backend, which ends with the last of them', async () => {
    const { registry, driver } = setUp();
    const all = [registry.watch(), registry.watch(), registry.watch({ name: 'greeter' })];
    for (const watcher of all) await take(watcher, 1);
    expect(driver.log.filter((entry) => entry.startsWith('watch'))).toEqual(['watch *', 'watch greeter']);
    for (const watcher of all) await watcher.return();
    expect(driver.sinks.size).toBe(0);
    expect(await take(registry.watch(), 1)).toEqual(['synced']);
    expect(driver.log.filter((entry) => entry === 'watch *')).toHaveLength(2);
  });

  it('a periodic snapshot repairs what a backend dropped, without an interrupted event', async () => {
    const { registry, driver, clock } = setUp();
    await filled(registry, 2);
    const watcher = registry.watch();
    await take(watcher, 3);
    driver.entries.delete('greeter\0n1'); // No event for it reaches the watch.
    await clock.advance(330_000);
    expect(await take(watcher, 2)).toEqual(['delete n1@1 unknown', 'synced']);
  });

  it('return, the signal and close end a watch, also while a next is pending', async () => {
    const { registry } = setUp();
    const controller = new AbortController();
    const watchers = [registry.watch(), registry.watch({ signal: controller.signal }), registry.watch()];
    for (const watcher of watchers) await take(watcher, 1);
    const waiting = watchers.map((watcher) => take(watcher, 1));
    await watchers[0]?.return();
    controller.abort();
    await registry.close();
    expect(await Promise.all(waiting)).toEqual([['done'], ['done'], ['done']]);
    expect(await take(watchers[2]!, 1)).toEqual(['done']);
  });

  it('a watch tries again at most a second apart, after a minute at most five, and never slower than the renew interval', async () => {
    const { registry, driver, clock } = setUp();
    driver.fault = new Error('down');
    const watcher = registry.watch();
    await take(watcher, 1);
    const attempts = (): number => driver.log.filter((entry) => entry === 'connect').length;
    await clock.advance(50_000);
    expect(attempts()).toBeGreaterThan(45);
    const before = attempts();
    await clock.advance(20_000);
    await clock.advance(100_000);
    expect(attempts() - before).toBeLessThan(60);
    await registry.register(service('a'), { ttlMs: 1_000, renewIntervalMs: 200 }).catch(() => {});
    await clock.advance(5_000);
    const fast = attempts();
    await clock.advance(10_000);
    expect(attempts() - fast).toBeGreaterThan(49);
  });
});
