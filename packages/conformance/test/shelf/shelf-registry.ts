import { type Capabilities, type Clock, type Registry, RegistryError, type RegistryOptions } from '@rollcall/core';
import {
  createRegistry,
  type DriverCall,
  type EntryKey,
  type RegistryDriver,
  systemClock,
} from '@rollcall/core/adapter';
import type { Harness } from '../../src/index.ts';
import { type Holder, Shelf } from './shelf.ts';

const capabilities: Capabilities = {
  minTtlMs: 10,
  ttlResolutionMs: 10,
  expirySlackMs: 100,
  propagationMs: 0,
  maxNodeBytes: 32_768,
  removesOthers: 'any',
  takesOver: true,
  durable: true,
  namespaces: true,
  crossProcess: false,
  crossHost: false,
};

/** The shelves by namespace, and the capabilities that they declare. */
export class Warehouse {
  readonly capabilities: Capabilities;
  readonly #shelves = new Map<string, Shelf>();

  readonly clock: Clock;

  constructor(limits: Partial<Capabilities> = {}, clock: Clock = systemClock) {
    this.clock = clock;
    this.capabilities = { ...capabilities, ...limits };
  }

  shelf(namespace = ''): Shelf {
    const known = this.#shelves.get(namespace);
    if (known !== undefined) return known;
    const { durable, propagationMs } = this.capabilities;
    const shelf = new Shelf({ durable, lagMs: propagationMs / 2, clock: this.clock });
    this.#shelves.set(namespace, shelf);
    return shelf;
  }
}

const conflict = ({ name, id }: EntryKey): RegistryError =>
  new RegistryError('CONFLICT', `node ${id} of ${name} is held by another`);

/** An honest driver over a shelf. The driver is a plain object, so that a mutant can replace a part of it. */
export function shelfDriver(warehouse: Warehouse, namespace?: string): RegistryDriver {
  const { capabilities } = warehouse;
  const shelf = warehouse.shelf(namespace);
  const me: Holder = { alive: true };
  const refuseOthers = (keys: readonly EntryKey[]): void => {
    for (const key of keys) {
      const holder = shelf.holderOf(key);
      if (holder !== undefined && holder !== me) throw conflict(key);
    }
  };
  return {
    name: 'shelf',
    capabilities,
    connect: async ({ signal }: DriverCall) => {
      if (namespace !== undefined && !capabilities.namespaces)
        throw new RegistryError('NOT_SUPPORTED', 'a shelf of this kind has no namespaces');
      await shelf.ask(signal, () => {});
    },
    put: (entries, lease, { signal }) =>
      shelf.ask(signal, () => {
        if (!capabilities.takesOver) refuseOthers(entries.map(({ name, node: { id } }) => ({ name, id })));
        for (const entry of entries) shelf.put(entry, me, lease);
      }),
    renew: (keys, lease, { signal }) =>
      shelf.ask(signal, () => {
        refuseOthers(keys);
        // The shelf does not renew a node that a dead holder left, because its content may differ.
        return keys.filter((key) => !shelf.isHeldBy(key, me) || !shelf.renew(key, lease));
      }),
    remove: (keys, { signal }) =>
      shelf.ask(signal, () => {
        const own = ({ name, id }: EntryKey) => [me, undefined].includes(shelf.holderOf({ name, id }));
        if (capabilities.removesOthers === 'own' && !keys.every(own))
          throw new RegistryError('NOT_SUPPORTED', 'only its own process can take a node off a shelf of this kind');
        for (const key of keys) shelf.remove(key, 'deregistered', me);
      }),
    read: (name, { signal }) => shelf.ask(signal, () => shelf.read(name, me)),
    watch: (name, sink, { signal }) => shelf.watch(name, sink, signal),
    toError: (cause) => new RegistryError('UNAVAILABLE', `the shelf cannot be reached: ${String(cause)}`, { cause }),
    close: ({ withdraw }, { signal }) =>
      shelf.ask(signal, () => {
        for (const key of withdraw) if (shelf.holderOf(key) === me) shelf.remove(key, 'deregistered', me);
        me.alive = false;
      }),
  };
}

/** Opens a registry on the warehouse. */
export type Open = (warehouse: Warehouse, options?: RegistryOptions) => Registry;

/** The unbroken registry. */
export const openShelf: Open = (warehouse, options) =>
  createRegistry(shelfDriver(warehouse, options?.namespace), options);

/** A harness with a warehouse of its own and all faults. */
export function shelfHarness(
  limits: Partial<Capabilities> = {},
  open: Open = openShelf,
  patience = 1,
  clock?: Clock,
): Harness {
  const warehouse = new Warehouse(limits, clock);
  const shelf = warehouse.shelf();
  return {
    open: (options) => open(warehouse, options),
    faults: {
      stop: () => shelf.stop(),
      start: () => shelf.start(),
      freeze: () => shelf.freeze(),
      resume: () => shelf.resume(),
      wipe: () => shelf.wipe(),
    },
    patience,
  };
}
