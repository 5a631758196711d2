import { follow, RegistryError, waitForService } from '@rollcall/core';
import { createRegistry } from '@rollcall/core/adapter';
import { faulty } from '@rollcall/core/testing';
import { describe, expect, it } from 'vitest';
import { ScriptedDriver, service } from './scripted-driver.ts';

const ids = (
  services: readonly { readonly version: string; readonly nodes: readonly { readonly id: string }[] }[] | undefined,
) => services?.map(({ version, nodes }) => `${version}:${nodes.map(({ id }) => id).join()}`);

describe('follow', () => {
  it('follow gives the state first, then the newest state after each change', async () => {
    const registry = createRegistry(new ScriptedDriver());
    await registry.register(service('b'));
    await registry.register(service('a'));
    const states = follow(registry, 'greeter');
    expect(ids((await states.next()).value)).toEqual(['1:a,b']);
    await registry.register(service('c'));
    await registry.register(service('a', '2'));
    await registry.deregister(service('b'));
    expect(ids((await states.next()).value)).toEqual(['1:c', '2:a']);
    await registry.close();
    expect((await states.next()).done).toBe(true);
  });

  it('follow keeps the last state through an outage, and gives a new one only if something changed', async () => {
    const driver = new ScriptedDriver();
    const registry = createRegistry(driver);
    await registry.register(service('a'));
    const states = follow(registry, 'greeter');
    await states.next();
    const next = states.next();
    driver.cut();
    await registry.register(service('b'));
    expect(ids((await next).value)).toEqual(['1:a,b']);
    await states.return?.();
    expect(driver.sinks.size).toBe(0);
  });

  it('follow gives an empty list when no node is registered', async () => {
    const states = follow(createRegistry(new ScriptedDriver()), 'nobody');
    expect(await states.next()).toEqual({ done: false, value: [] });
    await states.return?.();
  });
});

describe('waitForService', () => {
  it('waitForService resolves when enough nodes are there', async () => {
    const registry = createRegistry(new ScriptedDriver());
    const waiting = waitForService(registry, 'greeter', { minNodes: 2 });
    await registry.register(service('a'));
    await registry.register(service('b', '2'));
    expect(ids(await waiting)).toEqual(['1:a', '2:b']);
  });

  it('waitForService rejects with a message that says what it waited for and why that did not come', async () => {
    const driver = new ScriptedDriver();
    const registry = createRegistry(driver);
    await expect(waitForService(registry, 'greeter', { timeoutMs: 20 })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^no node of greeter was registered within 20 ms on the scripted registry, which only this/,
      ),
      registry: 'scripted',
    });
    await registry.register(service('a'));
    await expect(waitForService(registry, 'greeter', { timeoutMs: 20, minNodes: 3 })).rejects.toThrow(
      /had 1 of 3 nodes/,
    );
    driver.fault = new Error('connection refused');
    const error = await waitForService(registry, 'greeter', { timeoutMs: 20 }).catch((caught: unknown) => caught);
    expect(RegistryError.is(error, 'TIMEOUT')).toBe(true);
    expect(String(error)).toMatch(/connection refused/);
    expect(driver.sinks.size).toBe(0);
  });

  it('waitForService ends when its signal is aborted and when the registry is closed', async () => {
    const registry = createRegistry(new ScriptedDriver());
    await expect(waitForService(registry, 'x', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    const waiting = waitForService(registry, 'x');
    await registry.close();
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(waitForService(registry, 'x', { minNodes: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('faulty', () => {
  const setUp = async () => {
    const inner = createRegistry(new ScriptedDriver());
    const registry = faulty(inner);
    await registry.register(service('a'), { ttlMs: 1_000 });
    const watcher = registry.watch();
    expect((await watcher.next()).value?.type).toBe('create');
    expect((await watcher.next()).value?.type).toBe('synced');
    return { inner, registry, watcher };
  };

  it('a faulty registry behaves as the wrapped one until a fault is set', async () => {
    const { inner, registry, watcher } = await setUp();
    await registry.register(service('b'));
    expect((await watcher.next()).value?.type).toBe('create');
    expect(await registry.getService('greeter')).toEqual(await inner.getService('greeter'));
    expect(await registry.listServices()).toEqual([{ name: 'greeter', versions: ['1'] }]);
    await registry.deregister(service('b'));
    expect(await watcher.next()).toMatchObject({ value: { type: 'delete', reason: 'deregistered' } });
    await registry.close();
    await expect(inner.init()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('a faulty registry tells interrupted at down() and the difference at up()', async () => {
    const { inner, registry, watcher } = await setUp();
    registry.down('UNAUTHORIZED');
    await expect(registry.getService('greeter')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(await watcher.next()).toMatchObject({ value: { type: 'interrupted', error: { code: 'UNAUTHORIZED' } } });
    await inner.register(service('b'));
    registry.up();
    expect(await watcher.next()).toMatchObject({ value: { type: 'create' } });
    expect((await watcher.next()).value?.type).toBe('synced');
    await registry.close();
  });

  it('a call of a hanging faulty registry ends at its deadline', async () => {
    const { registry, watcher } = await setUp();
    registry.hang();
    await expect(registry.getService('greeter', { timeoutMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    const pending = registry.getService('greeter');
    registry.up();
    expect(await pending).toHaveLength(1);
    await watcher.return();
    await registry.close();
  });

  it('a faulty registry that answers empty hides every node', async () => {
    const { registry, watcher } = await setUp();
    registry.answerEmpty();
    expect(await registry.getService('greeter')).toEqual([]);
    expect(await registry.listServices()).toEqual([]);
    const seen: unknown[] = [];
    while (seen.at(-1) !== 'delete') seen.push((await watcher.next()).value?.type);
    registry.up();
    while (seen.at(-1) !== 'create') seen.push((await watcher.next()).value?.type);
    await registry.close();
  });
});
