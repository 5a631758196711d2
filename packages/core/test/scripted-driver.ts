import { type Capabilities, RegistryError } from '@rollcall/core';
import {
  type DriverCall,
  type Entry,
  type EntryKey,
  keyOf,
  type Lease,
  type RegistryDriver,
  type WatchSink,
} from '@rollcall/core/adapter';

export const capabilities: Capabilities = {
  minTtlMs: 100,
  ttlResolutionMs: 100,
  expirySlackMs: 100,
  propagationMs: 0,
  maxNodeBytes: 2_000,
  removesOthers: 'any',
  takesOver: true,
  durable: false,
  namespaces: true,
  crossProcess: false,
  crossHost: false,
};

interface Gate {
  open(): void;
  readonly opened: Promise<void>;
}

export function gate(): Gate {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** A backend that logs its calls, holds a call while `wait` is set, and fails while `fault` is set. */
export class ScriptedDriver implements RegistryDriver {
  readonly name = 'scripted';
  readonly capabilities = capabilities;
  readonly log: string[] = [];
  readonly entries = new Map<string, Entry>();
  readonly leases = new Map<string, Lease | undefined>();
  readonly sinks = new Set<{ readonly sink: WatchSink; readonly cut: (error: Error) => void }>();
  fault: Error | undefined;
  wait: Promise<void> | undefined;
  withdrawn: readonly EntryKey[] | undefined;
  conflict = false;
  /** While this is false, a watch answers with its snapshot at once. */
  mute = false;

  async connect(_call: DriverCall): Promise<void> {
    await this.#ask('connect');
  }

  async put(entries: readonly Entry[], lease: Lease | undefined, { signal }: DriverCall): Promise<void> {
    await this.#ask(`put ${entries.map(({ node, version }) => `${node.id}@${version}`).join()}`, signal);
    for (const entry of entries) {
      this.entries.set(keyOf(entry.name, entry.node.id), entry);
      this.leases.set(entry.node.id, lease);
      for (const { sink } of this.sinks) sink.put(entry);
    }
  }

  async renew(
    keys: readonly EntryKey[],
    _lease: Lease | undefined,
    { signal }: DriverCall,
  ): Promise<readonly EntryKey[]> {
    await this.#ask(`renew ${keys.map(({ id }) => id).join()}`, signal);
    if (this.conflict) throw new RegistryError('CONFLICT', 'held by another');
    return keys.filter(({ name, id }) => !this.entries.has(keyOf(name, id)));
  }

  async remove(keys: readonly EntryKey[], { signal }: DriverCall): Promise<void> {
    await this.#ask(`remove ${keys.map(({ id }) => id).join()}`, signal);
    for (const { name, id } of keys) {
      this.entries.delete(keyOf(name, id));
      for (const { sink } of this.sinks) sink.remove({ name, id }, 'deregistered');
    }
  }

  async read(name: string | undefined, { signal }: DriverCall): Promise<readonly Entry[]> {
    await this.#ask('read', signal);
    return [...this.entries.values()].filter((entry) => name === undefined || entry.name === name);
  }

  async watch(name: string | undefined, sink: WatchSink, { signal }: DriverCall): Promise<void> {
    await this.#ask(`watch ${name ?? '*'}`, signal);
    if (!this.mute) sink.snapshot([...this.entries.values()]);
    await new Promise<void>((resolve, reject) => {
      const link = { sink, cut: reject };
      this.sinks.add(link);
      if (signal.aborted) return resolve();
      signal.addEventListener('abort', () => {
        this.sinks.delete(link);
        resolve();
      });
    });
  }

  toError(cause: unknown): RegistryError {
    return new RegistryError('UNAVAILABLE', String(cause), { cause });
  }

  async close({ withdraw }: { readonly withdraw: readonly EntryKey[] }): Promise<void> {
    this.withdrawn = withdraw;
    await this.#ask('close');
  }

  /** Loses every watch connection. */
  cut(): void {
    for (const link of this.sinks) {
      this.sinks.delete(link);
      link.cut(new Error('connection reset'));
    }
  }

  async #ask(what: string, signal?: AbortSignal): Promise<void> {
    this.log.push(what);
    const aborted = new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    aborted.catch(() => {});
    if (this.wait !== undefined) await Promise.race([this.wait, aborted]);
    if (this.fault !== undefined) throw this.fault;
  }
}

/** A one-node service. */
export const service = (id: string, version = '1', name = 'greeter') => ({
  name,
  version,
  nodes: [{ id, address: '10.0.0.1:80' }],
});
