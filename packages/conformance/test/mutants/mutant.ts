import type { Registry, ServiceInput, WatchEvent, Watcher, WatchOptions } from '@rollcall/core';
import { createRegistry, type RegistryDriver, type WatchSink } from '@rollcall/core/adapter';
import { type Open, openShelf, shelfDriver, type Warehouse } from '../shelf/shelf-registry.ts';

/** A registry that breaks one promise, and the case that must catch it. */
export interface Mutant {
  /** The mistake of the mutant. */
  readonly name: string;
  /** The case that must catch the mutant, as `concern: title`. */
  readonly caughtBy: string;
  readonly open: Open;
}

/** An honest guard over a driver that `part` overrides. */
export const withDriver =
  (part: (inner: RegistryDriver, warehouse: Warehouse) => Partial<RegistryDriver>): Open =>
  (warehouse, options) => {
    const inner = shelfDriver(warehouse, options?.namespace);
    return createRegistry({ ...inner, ...part(inner, warehouse) }, options);
  };

/** An honest driver that reports to a sink that `change` overrides. */
export const sinking = (change: (sink: WatchSink) => Partial<WatchSink>): Open =>
  withDriver((inner) => ({
    watch: (name, sink, call) => inner.watch(name, { ...sink, ...change(sink) }, call),
  }));

/** An honest registry that `part` overrides. */
export const withRegistry =
  (part: (inner: Registry, warehouse: Warehouse) => Partial<Registry>): Open =>
  (warehouse, options) => {
    const inner = openShelf(warehouse, options);
    const honest: Registry = {
      name: inner.name,
      get capabilities() {
        return inner.capabilities;
      },
      init: (options) => inner.init(options),
      register: (service, options) => inner.register(service, options),
      deregister: (service, options) => inner.deregister(service, options),
      getService: (name, options) => inner.getService(name, options),
      listServices: (options) => inner.listServices(options),
      watch: (options) => inner.watch(options),
      close: (options) => inner.close(options),
      [Symbol.asyncDispose]: () => inner.close(),
    };
    return Object.defineProperties(honest, Object.getOwnPropertyDescriptors(part(inner, warehouse)));
  };

/** An honest registry whose watchers are replaced. */
export const withWatcher = (replace: (inner: Watcher, registry: Registry, options: WatchOptions) => Watcher): Open =>
  withRegistry((inner) => ({ watch: (options) => replace(inner.watch(options), inner, options ?? {}) }));

/** A watcher that ends like `inner` and yields, for each of its events, the events that `change` returns. */
export function tells(
  inner: Watcher,
  change: (event: WatchEvent) => readonly WatchEvent[] | Promise<readonly WatchEvent[]>,
): Watcher {
  const pending: WatchEvent[] = [];
  const next = async (): Promise<IteratorResult<WatchEvent, undefined>> => {
    for (;;) {
      const event = pending.shift();
      if (event !== undefined) return { done: false, value: event };
      const result = await inner.next();
      if (result.done === true) return result;
      pending.push(...(await change(result.value)));
    }
  };
  return watcher(next, () => inner.return());
}

/** Makes a watcher of its `next` and its `return`. */
export function watcher(next: Watcher['next'], end: Watcher['return']): Watcher {
  const self: Watcher = {
    next,
    return: end,
    [Symbol.asyncIterator]: () => self,
    [Symbol.asyncDispose]: async () => {
      await end();
    },
  };
  return self;
}

/** The result of an ended watcher. */
export const done = { done: true, value: undefined } as const;

/** A watcher that pulls events as soon as they come and queues them until the consumer asks. */
export function eager(inner: Watcher): Watcher {
  const queue: WatchEvent[] = [];
  let waiting: (() => void) | undefined;
  let pumping = false;
  let ended = false;
  const pump = async (): Promise<void> => {
    for await (const event of inner) {
      queue.push(event);
      waiting?.();
    }
    ended = true;
    waiting?.();
  };
  return watcher(
    async () => {
      if (!pumping) void pump();
      pumping = true;
      while (queue.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          waiting = resolve;
        });
      }
      const value = queue.shift();
      return value === undefined ? done : { done: false, value };
    },
    () => inner.return(),
  );
}

/** One turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A registry that changes a service before the guard checks the service. */
export const receiving = (change: (service: ServiceInput) => ServiceInput): Mutant['open'] =>
  withRegistry((inner) => ({ register: (service, options) => inner.register(service && change(service), options) }));
