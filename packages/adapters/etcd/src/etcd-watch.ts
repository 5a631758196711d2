import type { DeleteReason } from '@rollcall/core';
import { type Entry, entryKey, type WatchSink } from '@rollcall/core/adapter';
import type { IEvent, IKeyValue, IWatchResponse } from 'etcd3';
import { type Connection, deadline } from './connection.ts';
import { watchEnded } from './etcd-error.ts';
import { rangeEnd } from './etcd-mapping.ts';
import { reasonTimeoutMs } from './etcd-options.ts';
import { list } from './ranges.ts';

/** What one watch needs. */
export interface WatchRequest {
  readonly connection: Connection;
  readonly prefix: string;
  readonly toEntry: (kv: IKeyValue) => Entry | undefined;
  readonly sink: WatchSink;
  readonly signal: AbortSignal;
}

/** The list at a revision, then every change from the next one, until the signal (resolves) or the link is lost (rejects). */
export async function watchRange(request: WatchRequest): Promise<void> {
  const { connection, prefix, sink, signal } = request;
  const { revision, keys } = await list(connection, prefix, signal);
  const reader = new WatchReader(request, keys);
  sink.snapshot(reader.entries);
  const stream = await connection.stream(signal, ({ watches }) => watches.watch());
  try {
    await new Promise<void>((resolve, reject) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
      // One after the other: why a key is gone may have to be asked.
      let turn = Promise.resolve();
      stream.on('data', (response: IWatchResponse) => {
        turn = turn.then(() => reader.read(response)).catch(reject);
      });
      stream.on('error', reject);
      stream.on('end', () => reject(watchEnded('')));
      const start_revision = (BigInt(revision) + 1n).toString();
      stream.write({
        create_request: { key: Buffer.from(prefix), range_end: rangeEnd(prefix), start_revision, prev_kv: true },
      });
    });
  } finally {
    stream.cancel();
  }
}

/** Turns responses into calls of the sink. */
class WatchReader {
  readonly #request: WatchRequest;
  /** What each key was told as: a delete does not say it. */
  readonly #told = new Map<string, Entry>();

  constructor(request: WatchRequest, keys: readonly IKeyValue[]) {
    this.#request = request;
    for (const kv of keys) this.#learn(kv);
  }

  get entries(): readonly Entry[] {
    return [...this.#told.values()];
  }

  async read({ canceled, cancel_reason, compact_revision, events }: IWatchResponse): Promise<void> {
    if (canceled) throw watchEnded(cancel_reason || (compact_revision === '0' ? '' : 'its revision was compacted'));
    const reasons = new Map<string, DeleteReason>();
    for (const event of events) await this.#apply(event, reasons);
  }

  async #apply({ type, kv, prev_kv }: IEvent, reasons: Map<string, DeleteReason>): Promise<void> {
    const { sink } = this.#request;
    const before = this.#told.get(kv.key.toString());
    if (type === 'Put') {
      const entry = this.#learn(kv);
      if (entry !== undefined) sink.put(entry);
      if (before !== undefined && !isSame(before, entry)) sink.remove(entryKey(before), 'unknown');
      return;
    }
    this.#told.delete(kv.key.toString());
    if (before !== undefined) sink.remove(entryKey(before), await this.#reason(prev_kv?.lease ?? '0', reasons));
  }

  /** Who deletes a key leaves its lease; a lease that is over took its keys along. */
  async #reason(lease: string, known: Map<string, DeleteReason>): Promise<DeleteReason> {
    const reason = known.get(lease) ?? (lease === '0' ? 'deregistered' : await this.#askLease(lease));
    known.set(lease, reason);
    return reason;
  }

  async #askLease(ID: string): Promise<DeleteReason> {
    const { connection, signal } = this.#request;
    try {
      const { TTL } = await connection.call(signal, ({ leaseClient }) =>
        leaseClient.leaseTimeToLive({ ID }, deadline(reasonTimeoutMs)),
      );
      return Number(TTL) > 0 ? 'deregistered' : 'expired';
    } catch {
      return 'unknown';
    }
  }

  #learn(kv: IKeyValue): Entry | undefined {
    const entry = this.#request.toEntry(kv);
    if (entry === undefined) this.#told.delete(kv.key.toString());
    else this.#told.set(kv.key.toString(), entry);
    return entry;
  }
}

/** Whether they are one node: another writer may put another's name under the same key. */
const isSame = (before: Entry, now: Entry | undefined): boolean =>
  now !== undefined && before.name === now.name && before.node.id === now.node.id;
