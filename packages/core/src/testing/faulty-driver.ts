import { aborted, withFirstOf } from '../adapter/abort.ts';
import type { DriverCall, Entry, EntryKey, Lease, RegistryDriver, WatchSink } from '../adapter/driver.ts';
import type { Capabilities, Registry, Service } from '../contract.ts';
import { RegistryError, type RegistryErrorCode } from '../errors.ts';
import { keyOf } from '../model/entry.ts';

/** The present fault of the backend. */
export type Fault =
  | { readonly kind: 'none' | 'hang' | 'empty' }
  | { readonly kind: 'down'; readonly code: RegistryErrorCode };

const toEntries = ({ nodes, ...common }: Service): Entry[] => nodes.map((node) => ({ ...common, node }));

/** A driver over a registry, with a fault in between. */
export class FaultyDriver implements RegistryDriver {
  readonly name: string;
  /** Whether `close` withdraws what the wrapped registry holds. */
  withdraws = true;
  readonly #inner: Registry;
  readonly #written = new Map<string, Entry>();
  #fault: Fault = { kind: 'none' };
  /** Aborted at every change of the fault, so that watches notice it. */
  #change = new AbortController();

  constructor(inner: Registry) {
    this.name = inner.name;
    this.#inner = inner;
  }

  get endpoints(): readonly string[] | undefined {
    return this.#inner.endpoints;
  }

  get capabilities(): Capabilities {
    return this.#inner.capabilities;
  }

  setFault(fault: Fault): void {
    this.#fault = fault;
    const change = this.#change;
    this.#change = new AbortController();
    change.abort();
  }

  connect({ signal }: DriverCall): Promise<void> {
    return this.#through(signal, () => this.#inner.init({ signal }));
  }

  async put(entries: readonly Entry[], lease: Lease | undefined, { signal }: DriverCall): Promise<void> {
    for (const entry of entries) {
      const { node, ...common } = entry;
      await this.#through(signal, () => this.#inner.register({ ...common, nodes: [node] }, { ...lease, signal }));
      this.#written.set(keyOf(entry.name, node.id), entry);
    }
  }

  /** The wrapped registry decides between put and renew. */
  async renew(keys: readonly EntryKey[], lease: Lease | undefined, call: DriverCall): Promise<readonly EntryKey[]> {
    const known = keys.flatMap(({ name, id }) => this.#written.get(keyOf(name, id)) ?? []);
    await this.put(known, lease, call);
    return keys.filter(({ name, id }) => !this.#written.has(keyOf(name, id)));
  }

  async remove(keys: readonly EntryKey[], { signal }: DriverCall): Promise<void> {
    for (const { name, id } of keys) {
      await this.#through(signal, () => this.#inner.deregister({ name, nodes: [{ id }] }, { signal }));
      this.#written.delete(keyOf(name, id));
    }
  }

  async read(name: string | undefined, { signal }: DriverCall): Promise<readonly Entry[]> {
    const names = name === undefined ? await this.#names(signal) : [name];
    const services = await Promise.all(
      names.map((one) => this.#through(signal, () => this.#inner.getService(one, { signal }))),
    );
    return this.#fault.kind === 'empty' ? [] : services.flat().flatMap(toEntries);
  }

  async watch(name: string | undefined, sink: WatchSink, { signal }: DriverCall): Promise<void> {
    const change = this.#change.signal;
    if (this.#fault.kind === 'empty') sink.snapshot([]);
    if (this.#fault.kind !== 'none') await this.#through(signal, () => withFirstOf([signal, change], aborted));
    if (signal.aborted) return;
    if (change.aborted) throw this.#changed();
    await withFirstOf([signal, change], (first) => forward(this.#inner.watch({ name, signal: first }), sink));
    // A hanging link raises no error; only the caller's signal ends the call.
    if (change.aborted && this.#fault.kind === 'hang') await withFirstOf([signal, this.#change.signal], aborted);
    if (!signal.aborted) throw this.#changed();
  }

  toError(cause: unknown): RegistryError {
    return new RegistryError('INTERNAL', 'the wrapped registry threw something that is no RegistryError', { cause });
  }

  async close(): Promise<void> {
    // Nothing can be withdrawn from a backend that does not answer.
    await this.#inner.close({ withdraw: this.withdraws && this.#fault.kind === 'none' });
  }

  async #names(signal: AbortSignal): Promise<readonly string[]> {
    const summaries = await this.#through(signal, () => this.#inner.listServices({ signal }));
    return summaries.map(({ name }) => name);
  }

  async #through<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    while (this.#fault.kind === 'hang') {
      await withFirstOf([signal, this.#change.signal], aborted);
      signal.throwIfAborted();
    }
    if (this.#fault.kind === 'down')
      throw new RegistryError(this.#fault.code, `the backend is down (${this.#fault.code}, by faulty)`);
    return work();
  }

  #changed(): RegistryError {
    const code = this.#fault.kind === 'down' ? this.#fault.code : 'UNAVAILABLE';
    return new RegistryError(code, 'the watch was cut (by faulty)');
  }
}

/** Passes the events of the inner watch to the sink, until the watch ends. */
async function forward(watcher: ReturnType<Registry['watch']>, sink: WatchSink): Promise<void> {
  let first: Entry[] | undefined = [];
  for await (const event of watcher) {
    if (event.type === 'interrupted') throw event.error;
    if (event.type === 'synced') {
      if (first !== undefined) sink.snapshot(first);
      first = undefined;
      continue;
    }
    for (const entry of toEntries(event.service)) {
      if (event.type === 'delete') sink.remove({ name: entry.name, id: entry.node.id }, event.reason);
      else if (first === undefined) sink.put(entry);
      else first.push(entry);
    }
  }
}
