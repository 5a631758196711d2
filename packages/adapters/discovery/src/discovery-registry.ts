import type { Capabilities, Logger, Registry, ServiceSummary, SkippedSummary } from '@rollcall/core';
import {
  conflict,
  createRegistry,
  type DriverCall,
  type Entry,
  type EntryKey,
  keyOf,
  type Lease,
  type RegistryDriver,
  recipeOf,
  SkippedEntries,
  type WatchSink,
} from '@rollcall/core/adapter';
import type { RenewStatus } from '@rollcall/protocol';
import { toDiscoveryError } from './discovery-error.ts';
import { readInstance, readSummary } from './discovery-mapping.ts';
import {
  type DiscoveryOptions,
  type DiscoverySettings,
  discoveryCapabilities,
  parseSettings,
} from './discovery-options.ts';
import { emptyMemory, type WatchMemory, watchServer } from './discovery-watch.ts';
import { Fleet } from './servers/fleet.ts';
import type { ServerLink } from './servers/server-link.ts';

/**
 * A registry on one or several Rollcall discovery servers.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for an invalid address or token.
 */
export function discovery(options: DiscoveryOptions = {}): Registry {
  return createRegistry(new DiscoveryDriver(parseSettings(options)), options, recipeOf(import.meta.url, options));
}

class DiscoveryDriver implements RegistryDriver {
  readonly name = 'discovery';
  readonly optionNames: readonly string[] = [];
  readonly toError = toDiscoveryError;
  readonly endpoints: readonly string[];
  readonly #fleet: Fleet;
  readonly #settings: DiscoverySettings;
  /** The entries that must be written again to a server that comes back without them. */
  readonly #written = new Map<string, Entry>();
  /** Nodes that another registry object held when this one last renewed them. */
  readonly #contested = new Set<string>();
  readonly #memories = new Map<string | undefined, WatchMemory>();
  readonly #skipped = new SkippedEntries();

  constructor(settings: DiscoverySettings) {
    this.#settings = settings;
    this.endpoints = settings.endpoints.map(({ address }) => address);
    this.#fleet = new Fleet(settings.endpoints, settings);
  }

  /** A write succeeds when the current server, which answers reads, has acknowledged it. */
  get capabilities(): Capabilities {
    return discoveryCapabilities(this.#fleet.current.durable);
  }

  async connect({ signal }: DriverCall): Promise<void> {
    await this.#fleet.untilWelcome(signal);
    await this.#fleet.read((link, bounded) => link.services(bounded), signal);
  }

  async put(entries: readonly Entry[], lease: Lease | undefined, { signal }: DriverCall): Promise<void> {
    for (const entry of entries) this.#written.set(keyOf(entry.name, entry.node.id), entry);
    await this.#fleet.write(
      {
        run: (link, bounded) => link.register(entries, lease, bounded),
        // The fleet may call `missed` late, so nodes that were written again or removed since are left out.
        missed: (link) =>
          link.missed.registered(
            entries.filter((entry) => this.#isWritten(entry)),
            lease,
          ),
      },
      signal,
    );
    for (const entry of entries) this.#contested.delete(keyOf(entry.name, entry.node.id));
  }

  async renew(
    keys: readonly EntryKey[],
    lease: Lease | undefined,
    { signal }: DriverCall,
  ): Promise<readonly EntryKey[]> {
    const statuses = await this.#fleet.write(
      {
        run: async (link) => {
          const answers = await link.renew(keys, lease);
          if (!this.#fleet.isCurrent(link)) this.#repair(link, keys, answers, lease);
          return answers;
        },
        missed: (link) => link.missed.registered(this.#entries(this.#uncontested(keys)), lease),
      },
      signal,
    );
    const taken = keys.filter((_, index) => statuses[index] === 409);
    if (taken[0] !== undefined) throw this.#yield(taken[0], taken);
    for (const [index, { name, id }] of keys.entries())
      if (statuses[index] === 200) this.#contested.delete(keyOf(name, id));
    return keys.filter((_, index) => statuses[index] === 404);
  }

  async remove(keys: readonly EntryKey[], { signal }: DriverCall): Promise<void> {
    for (const { name, id } of keys) {
      this.#written.delete(keyOf(name, id));
      this.#contested.delete(keyOf(name, id));
    }
    await this.#fleet.write(
      {
        run: (link, bounded) => link.cancel(keys, bounded),
        missed: (link) => link.missed.cancelled(keys.filter(({ name, id }) => !this.#written.has(keyOf(name, id)))),
      },
      signal,
    );
  }

  async read(name: string | undefined, { signal, logger }: DriverCall): Promise<readonly Entry[]> {
    const instances = await this.#fleet.read((link, bounded) => link.instances(name, bounded), signal);
    return instances.flatMap((instance) => this.#toEntry(instance, logger) ?? []);
  }

  /** The server lists only services with a node that {@link readInstance} can use. */
  async list({ signal }: DriverCall): Promise<readonly ServiceSummary[]> {
    return (await this.#fleet.read((link, bounded) => link.services(bounded), signal)).flatMap(readSummary);
  }

  async watch(name: string | undefined, sink: WatchSink, { signal, logger }: DriverCall): Promise<void> {
    const memory = this.#memories.get(name) ?? emptyMemory();
    this.#memories.set(name, memory);
    const toEntry = (instance: unknown): Entry | undefined => this.#toEntry(instance, logger);
    await watchServer({ fleet: this.#fleet, clock: this.#settings.clock, toEntry, name, sink, memory, signal });
    // The watch was stopped, or is due for a fresh snapshot, so the next one must not resume it.
    this.#memories.delete(name);
  }

  get skipped(): SkippedSummary {
    return this.#skipped.summary;
  }

  async close({ withdraw }: { readonly withdraw: readonly EntryKey[] }, { signal }: DriverCall): Promise<void> {
    try {
      await this.#fleet.withdraw(withdraw, signal);
    } finally {
      this.#fleet.close();
      this.#memories.clear();
    }
  }

  /** Another registry object holds these nodes, so they are not replayed to any server. */
  #yield(first: EntryKey, taken: readonly EntryKey[]): Error {
    this.#fleet.yield(taken);
    for (const { name, id } of taken) this.#contested.add(keyOf(name, id));
    return conflict(this.name, first, 'another registry object');
  }

  /** Registers a node again, in the background, with a server that has lost it and is not the current one. */
  #repair(
    link: ServerLink,
    keys: readonly EntryKey[],
    statuses: readonly RenewStatus[],
    lease: Lease | undefined,
  ): void {
    const lost = this.#uncontested(keys.filter((_, index) => statuses[index] === 404));
    if (lost.length > 0) link.missed.registered(this.#entries(lost), lease);
  }

  /** Leaves out keys that, according to the current server, another object holds. */
  #uncontested(keys: readonly EntryKey[]): readonly EntryKey[] {
    return keys.filter(({ name, id }) => !this.#contested.has(keyOf(name, id)));
  }

  #toEntry(instance: unknown, logger: Logger): Entry | undefined {
    const reading = readInstance(instance);
    if (reading.entry === undefined && reading.unusable !== undefined)
      this.#skipped.tell(logger, reading.key, reading.unusable);
    return reading.entry;
  }

  #isWritten(entry: Entry): boolean {
    return this.#written.get(keyOf(entry.name, entry.node.id)) === entry;
  }

  #entries(keys: readonly EntryKey[]): readonly Entry[] {
    return keys.flatMap(({ name, id }) => this.#written.get(keyOf(name, id)) ?? []);
  }
}
