import type { Clock, Registry } from '@rollcall/core';
import {
  createRegistry,
  type DriverCall,
  type Entry,
  type EntryKey,
  type Lease,
  type RegistryDriver,
  systemClock,
  type WatchSink,
} from '@rollcall/core/adapter';
import { heldByAnother, toMemoryError } from './memory-error.ts';
import { type MemoryOptions, memoryCapabilities } from './memory-options.ts';
import { watchRoll } from './memory-watch.ts';
import type { Roll } from './roll.ts';
import { forget, rollOf } from './rolls.ts';

/** A registry inside this process: private to the object, or shared by `namespace`. */
export function memory(options: MemoryOptions = {}): Registry {
  return createRegistry(new MemoryDriver(options.namespace, options.clock ?? systemClock), options);
}

class MemoryDriver implements RegistryDriver {
  readonly name = 'memory';
  readonly capabilities = memoryCapabilities;
  readonly toError = toMemoryError;
  readonly #namespace: string | undefined;
  readonly #clock: Clock;
  #joined: Roll | undefined;

  constructor(namespace: string | undefined, clock: Clock) {
    this.#namespace = namespace;
    this.#clock = clock;
  }

  async connect(): Promise<void> {
    this.#roll();
  }

  async put(entries: readonly Entry[], lease: Lease | undefined): Promise<void> {
    for (const entry of entries) this.#roll().put(entry, this, lease);
  }

  async renew(keys: readonly EntryKey[], lease: Lease | undefined): Promise<readonly EntryKey[]> {
    const found = keys.map((key) => ({ key, stored: this.#roll().get(key) }));
    // A conflict writes nothing, so all are looked at before one is renewed.
    for (const { key, stored } of found) if (stored !== undefined && stored.holder !== this) throw heldByAnother(key);
    for (const { key, stored } of found) if (stored !== undefined) this.#roll().renew(key, lease);
    return found.filter(({ stored }) => stored === undefined).map(({ key }) => key);
  }

  async remove(keys: readonly EntryKey[]): Promise<void> {
    for (const key of keys) this.#roll().remove(key, 'deregistered');
  }

  async read(name: string | undefined): Promise<readonly Entry[]> {
    return this.#roll().read(name);
  }

  watch(name: string | undefined, sink: WatchSink, { signal }: DriverCall): Promise<void> {
    return watchRoll(this.#roll(), name, sink, signal);
  }

  async close({ withdraw }: { readonly withdraw: readonly EntryKey[] }): Promise<void> {
    const roll = this.#joined;
    if (roll === undefined) return;
    for (const key of withdraw) if (roll.get(key)?.holder === this) roll.remove(key, 'deregistered');
    roll.exit();
    forget(this.#namespace, roll);
  }

  #roll(): Roll {
    if (this.#joined === undefined) {
      this.#joined = rollOf(this.#namespace, this.#clock);
      this.#joined.enter();
    }
    return this.#joined;
  }
}
