import type { Registry } from '@rollcall/core';
import {
  conflict,
  createRegistry,
  type DriverCall,
  type Entry,
  type EntryKey,
  type Lease,
  type RegistryDriver,
  type WatchSink,
} from '@rollcall/core/adapter';
import { toMemoryError } from './memory-error.ts';
import { heldByAnother, lostOf } from './memory-mapping.ts';
import { type MemoryOptions, type MemorySettings, memoryCapabilities, parseSettings } from './memory-options.ts';
import { watchRoll } from './memory-watch.ts';
import type { Roll } from './roll.ts';
import { forget, rollOf } from './rolls.ts';

/** A registry inside this process: private to the object, or shared by `namespace`. */
export function memory(options: MemoryOptions = {}): Registry {
  return createRegistry(new MemoryDriver(parseSettings(options)), options);
}

class MemoryDriver implements RegistryDriver {
  readonly name = 'memory';
  readonly optionNames: readonly string[] = [];
  readonly capabilities = memoryCapabilities;
  readonly toError = toMemoryError;
  readonly #settings: MemorySettings;
  #joined: Roll | undefined;

  constructor(settings: MemorySettings) {
    this.#settings = settings;
  }

  async connect(): Promise<void> {
    this.#roll();
  }

  async put(entries: readonly Entry[], lease: Lease | undefined): Promise<void> {
    for (const entry of entries) this.#roll().put(entry, this, lease);
  }

  async renew(keys: readonly EntryKey[], lease: Lease | undefined): Promise<readonly EntryKey[]> {
    const roll = this.#roll();
    const find = (key: EntryKey) => roll.get(key);
    // A call that ends in `CONFLICT` must write nothing, so every node is checked before any is renewed.
    const taken = heldByAnother(keys, this, find);
    if (taken !== undefined) throw conflict(this.name, taken, 'another registry object');
    const lost = lostOf(keys, find);
    const gone = new Set(lost);
    for (const key of keys) if (!gone.has(key)) roll.renew(key, lease);
    return lost;
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
    forget(this.#settings.namespace, roll);
  }

  #roll(): Roll {
    if (this.#joined === undefined) {
      this.#joined = rollOf(this.#settings);
      this.#joined.enter();
    }
    return this.#joined;
  }
}
