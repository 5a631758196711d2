import {
  type Capabilities,
  type Clock,
  type Logger,
  type Registry,
  RegistryError,
  type ServiceSummary,
} from '@rollcall/core';
import {
  createRegistry,
  type DriverCall,
  type Entry,
  type EntryKey,
  keyOf,
  type Lease,
  type RegistryDriver,
  SkippedEntries,
  systemClock,
  type WatchSink,
} from '@rollcall/core/adapter';
import type { RenewStatus } from '@rollcall/protocol';
import { toDiscoveryError } from './discovery-error.ts';
import { readInstance } from './discovery-mapping.ts';
import {
  type DiscoveryOptions,
  defaultEnv,
  discoveryCapabilities,
  parseAddresses,
  parseToken,
} from './discovery-options.ts';
import { emptyMemory, type WatchMemory, watchServer } from './discovery-watch.ts';
import { Fleet } from './servers/fleet.ts';
import type { ServerLink } from './servers/server-link.ts';

/**
 * A registry on one or several Rollcall discovery servers.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for an address or token that cannot be one.
 */
export function discovery(options: DiscoveryOptions = {}): Registry {
  return createRegistry(new DiscoveryDriver(options), options);
}

class DiscoveryDriver implements RegistryDriver {
  readonly name = 'discovery';
  readonly capabilities: Capabilities = discoveryCapabilities;
  readonly toError = toDiscoveryError;
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  /** What a server that comes back without it is told again. */
  readonly #written = new Map<string, Entry>();
  readonly #memories = new Map<string | undefined, WatchMemory>();
  readonly #skipped = new SkippedEntries();

  constructor({ addresses, namespace, token, clock = systemClock }: DiscoveryOptions) {
    this.#clock = clock;
    this.#fleet = new Fleet(parseAddresses(addresses), {
      env: namespace ?? defaultEnv,
      token: parseToken(token),
      clock,
    });
  }

  async connect({ signal }: DriverCall): Promise<void> {
    await this.#fleet.read((link, bounded) => link.probe(bounded), signal);
  }

  async put(entries: readonly Entry[], lease: Lease | undefined, { signal }: DriverCall): Promise<void> {
    for (const entry of entries) this.#written.set(keyOf(entry.name, entry.node.id), entry);
    await this.#fleet.register(entries, lease, signal);
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
        missed: (link) => link.missedRegister(this.#entries(keys), lease),
      },
      signal,
    );
    const taken = keys.find((_, index) => statuses[index] === 409);
    if (taken !== undefined)
      throw new RegistryError('CONFLICT', `node ${taken.id} of ${taken.name} was taken over by another`);
    return keys.filter((_, index) => statuses[index] === 404);
  }

  async remove(keys: readonly EntryKey[], { signal }: DriverCall): Promise<void> {
    for (const { name, id } of keys) this.#written.delete(keyOf(name, id));
    await this.#fleet.cancel(keys, signal);
  }

  async read(name: string | undefined, { signal, logger }: DriverCall): Promise<readonly Entry[]> {
    const instances = await this.#fleet.read((link, bounded) => link.instances(name, bounded), signal);
    return instances.flatMap((instance) => this.#toEntry(instance, logger) ?? []);
  }

  async list({ signal }: DriverCall): Promise<readonly ServiceSummary[]> {
    const services = await this.#fleet.read((link, bounded) => link.services(bounded), signal);
    return services.flatMap((service) => readSummary(service) ?? []);
  }

  async watch(name: string | undefined, sink: WatchSink, { signal, logger }: DriverCall): Promise<void> {
    const memory = this.#memories.get(name) ?? emptyMemory();
    this.#memories.set(name, memory);
    const toEntry = (instance: unknown): Entry | undefined => this.#toEntry(instance, logger);
    await watchServer({ fleet: this.#fleet, clock: this.#clock, toEntry, name, sink, memory, signal });
    // Stopped, or to be repaired by a fresh snapshot: not to be resumed.
    this.#memories.delete(name);
  }

  async close({ withdraw }: { readonly withdraw: readonly EntryKey[] }, { signal }: DriverCall): Promise<void> {
    try {
      await this.#fleet.withdraw(withdraw, signal);
    } finally {
      this.#fleet.close();
      this.#memories.clear();
    }
  }

  /** A server that reads do not go to and that has lost a node is told it again, in the background. */
  #repair(
    link: ServerLink,
    keys: readonly EntryKey[],
    statuses: readonly RenewStatus[],
    lease: Lease | undefined,
  ): void {
    const lost = keys.filter((_, index) => statuses[index] === 404);
    if (lost.length > 0) link.missedRegister(this.#entries(lost), lease);
  }

  #toEntry(instance: unknown, logger: Logger): Entry | undefined {
    const reading = readInstance(instance);
    if (reading.entry === undefined && reading.unusable !== undefined)
      this.#skipped.tell(logger, reading.key, reading.unusable);
    return reading.entry;
  }

  #entries(keys: readonly EntryKey[]): readonly Entry[] {
    return keys.flatMap(({ name, id }) => this.#written.get(keyOf(name, id)) ?? []);
  }
}

function readSummary(service: unknown): ServiceSummary | undefined {
  if (typeof service !== 'object' || service === null) return undefined;
  const { appid, versions } = service as { readonly appid?: unknown; readonly versions?: unknown };
  if (typeof appid !== 'string' || !Array.isArray(versions)) return undefined;
  return { name: appid, versions: versions.filter((version): version is string => typeof version === 'string') };
}
