import type { Capabilities, Logger, Registry } from '@rollcall/core';
import {
  createRegistry,
  type DriverCall,
  type Entry,
  type EntryKey,
  type Lease,
  type RegistryDriver,
  SkippedEntries,
  type WatchSink,
} from '@rollcall/core/adapter';
import type { IKeyValue } from 'etcd3';
import { Connection, deadline } from './connection.ts';
import { toEtcdError } from './etcd-error.ts';
import { decode, rangeFor } from './etcd-mapping.ts';
import { type EtcdOptions, etcdCapabilities, goMicroPrefix, readDeadlineMs } from './etcd-options.ts';
import { watchRange } from './etcd-watch.ts';
import { Holdings } from './holdings.ts';
import { list } from './ranges.ts';

/**
 * A registry on an etcd cluster, in go-micro's format.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for an address or token that cannot be one.
 */
export function etcd(options: EtcdOptions = {}): Registry {
  return createRegistry(new EtcdDriver(options), options);
}

class EtcdDriver implements RegistryDriver {
  readonly name = 'etcd';
  readonly capabilities: Capabilities = etcdCapabilities;
  readonly toError = toEtcdError;
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #holdings: Holdings;
  readonly #skipped = new SkippedEntries();

  constructor(options: EtcdOptions) {
    this.#connection = new Connection(options);
    this.#prefix = options.namespace === undefined ? goMicroPrefix : `/rollcall/${options.namespace}/`;
    this.#holdings = new Holdings(this.#connection, this.#prefix);
  }

  /** A read, so that a wrong address and missing rights fail here. */
  async connect({ signal }: DriverCall): Promise<void> {
    const request = { key: Buffer.from(this.#prefix), limit: 1 };
    await this.#connection.call(signal, ({ kv }) => kv.range(request, deadline(readDeadlineMs)));
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
    const { keys } = await list(this.#connection, rangeFor(this.#prefix, name), signal);
    return keys.flatMap((kv) => this.#toEntry(kv, logger) ?? []);
  }

  async watch(name: string | undefined, sink: WatchSink, { signal, logger }: DriverCall): Promise<void> {
    const toEntry = (kv: IKeyValue): Entry | undefined => this.#toEntry(kv, logger);
    await watchRange({ connection: this.#connection, prefix: rangeFor(this.#prefix, name), toEntry, sink, signal });
  }

  async close({ withdraw }: { readonly withdraw: readonly EntryKey[] }, { signal }: DriverCall): Promise<void> {
    try {
      await this.#holdings.withdraw(withdraw, signal);
    } finally {
      this.#connection.close();
    }
  }

  #toEntry({ key, value }: IKeyValue, logger: Logger): Entry | undefined {
    const entry = decode(value);
    if (entry === undefined)
      this.#skipped.tell(logger, key.toString(), 'no service with a usable name, id and address');
    return entry;
  }
}
