import type { Capabilities, Clock, Logger, Registry, SkippedSummary } from '@rollcall/core';
import {
  createRegistry,
  type DriverCall,
  type Entry,
  type EntryKey,
  type Lease,
  type RegistryDriver,
  recipeOf,
  SkippedEntries,
  systemClock,
  type WatchSink,
} from '@rollcall/core/adapter';
import type { IKeyValue } from 'etcd3';
import { Cluster } from './cluster/cluster.ts';
import { toEtcdError } from './etcd-error.ts';
import { decode, rangeFor } from './etcd-mapping.ts';
import { type EtcdOptions, etcdCapabilities, parseSettings } from './etcd-options.ts';
import { watchRange } from './etcd-watch.ts';
import { Holdings } from './holdings.ts';
import { Ranges } from './ranges.ts';

/**
 * A registry on an etcd cluster, in go-micro's format.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for an invalid address or token.
 */
export function etcd(options: EtcdOptions = {}): Registry {
  return createRegistry(new EtcdDriver(options), options, recipeOf(import.meta.url, options));
}

class EtcdDriver implements RegistryDriver {
  readonly name = 'etcd';
  readonly optionNames: readonly (keyof EtcdOptions)[] = ['tls'];
  readonly capabilities: Capabilities = etcdCapabilities;
  readonly toError = toEtcdError;
  readonly #cluster: Cluster;
  readonly #ranges: Ranges;
  readonly #prefix: string;
  readonly #holdings: Holdings;
  readonly #skipped = new SkippedEntries();
  readonly #clock: Clock;

  constructor(options: EtcdOptions) {
    const settings = parseSettings(options);
    this.#clock = options.clock ?? systemClock;
    this.#prefix = settings.prefix;
    this.#cluster = new Cluster(settings, this.#clock);
    this.#ranges = new Ranges(this.#cluster);
    this.#holdings = new Holdings(this.#cluster, this.#prefix);
  }

  get endpoints(): readonly string[] {
    return this.#cluster.endpoints;
  }

  get skipped(): SkippedSummary {
    return this.#skipped.summary;
  }

  /** Connects by a read, so that a wrong address or missing rights fail here. */
  async connect({ signal }: DriverCall): Promise<void> {
    await this.#cluster.run(signal, ({ kv }) => kv.range({ key: Buffer.from(this.#prefix), limit: 1 }));
  }

  async put(entries: readonly Entry[], lease: Lease | undefined, { signal }: DriverCall): Promise<void> {
    await this.#holdings.put(entries, lease, signal);
  }

  renew(keys: readonly EntryKey[], lease: Lease | undefined, { signal }: DriverCall): Promise<readonly EntryKey[]> {
    return this.#holdings.renew(keys, lease, signal);
  }

  async remove(keys: readonly EntryKey[], { signal }: DriverCall): Promise<void> {
    await this.#holdings.remove(keys, signal);
  }

  async read(name: string | undefined, { signal, logger }: DriverCall): Promise<readonly Entry[]> {
    const { keys } = await this.#ranges.list(rangeFor(this.#prefix, name), signal);
    return keys.flatMap((kv) => this.#toEntry(kv, logger) ?? []);
  }

  async watch(name: string | undefined, sink: WatchSink, { signal, logger }: DriverCall): Promise<void> {
    const toEntry = (kv: IKeyValue): Entry | undefined => this.#toEntry(kv, logger);
    const [cluster, ranges, clock] = [this.#cluster, this.#ranges, this.#clock];
    await watchRange({ cluster, ranges, clock, prefix: rangeFor(this.#prefix, name), toEntry, sink, signal });
  }

  async close({ withdraw }: { readonly withdraw: readonly EntryKey[] }, { signal }: DriverCall): Promise<void> {
    try {
      await this.#holdings.withdraw(withdraw, signal);
    } finally {
      this.#cluster.close();
    }
  }

  #toEntry({ key, value }: IKeyValue, logger: Logger): Entry | undefined {
    const entry = decode(value);
    if (entry === undefined)
      this.#skipped.tell(logger, key.toString(), 'no service with a usable name, id and address');
    return entry;
  }
}
