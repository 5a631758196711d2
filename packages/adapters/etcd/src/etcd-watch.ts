import type { Clock, DeleteReason } from '@rollcall/core';
import { type Entry, entryKey, onAbort, type WatchSink, withDeadline } from '@rollcall/core/adapter';
import type { IEvent, IKeyValue, IWatchResponse } from 'etcd3';
import type { Cluster } from './cluster/cluster.ts';
import { neverOpened, watchEnded } from './etcd-error.ts';
import { rangeEnd } from './etcd-mapping.ts';
import { openTimeoutMs, reasonTimeoutMs } from './etcd-options.ts';
import type { Ranges } from './ranges.ts';

/** What one watch needs. */
export interface WatchRequest {
  readonly cluster: Cluster;
  readonly ranges: Ranges;
  readonly clock: Clock;
  readonly prefix: string;
  readonly toEntry: (kv: IKeyValue) => Entry | undefined;
  readonly sink: WatchSink;
  readonly signal: AbortSignal;
}

/**
 * The list at a revision, then every change from the next revision on, until the signal (resolves) or the link is lost
 * (rejects).
 */
export async function watchRange(request: WatchRequest): Promise<void> {
  const { cluster, ranges, clock, prefix, sink, signal } = request;
  const { revision, keys } = await ranges.list(prefix, signal);
  const reader = new WatchReader(request, keys);
  sink.snapshot(reader.entries);
  const start_revision = (BigInt(revision) + 1n).toString();
  const range = { key: Buffer.from(prefix), range_end: rangeEnd(prefix), start_revision };
  // Asks for fragments, since one deletion with all its previous values may exceed the size of an answer.
  const create_request = { ...range, prev_kv: true, fragment: true };
  const { first, next, end } = await withDeadline(
    { clock, ms: openTimeoutMs, signal, reason: neverOpened(openTimeoutMs) },
    (bounded) =>
      cluster.converse(bounded, (calls) => calls.converse(({ watches }) => watches.watch(), { create_request })),
  );
  const stop = onAbort(signal, end);
  try {
    // Responses are read one after the other, because etcd may have to be asked why a key is gone.
    for (let response: IWatchResponse | undefined = first; response !== undefined; response = await next())
      await reader.read(response);
    throw watchEnded('');
  } catch (cause) {
    if (!signal.aborted) throw cause;
  } finally {
    stop();
    end();
  }
}

/** Turns responses into calls of the sink. */
class WatchReader {
  readonly #request: WatchRequest;
  /** The node told for each key, since a delete of etcd does not contain it. */
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

  /** A key that was deleted leaves its lease behind; an expired lease takes its keys along. */
  async #reason(lease: string, known: Map<string, DeleteReason>): Promise<DeleteReason> {
    const reason = known.get(lease) ?? (lease === '0' ? 'deregistered' : await this.#askLease(lease));
    known.set(lease, reason);
    return reason;
  }

  async #askLease(ID: string): Promise<DeleteReason> {
    const { cluster, clock, signal } = this.#request;
    const reason = new Error('etcd did not say in time whether the lease is over');
    try {
      const { grantedTTL } = await withDeadline({ clock, ms: reasonTimeoutMs, signal, reason }, (bounded) =>
        cluster.run(bounded, ({ leases }) => leases.leaseTimeToLive({ ID })),
      );
      // The remaining time comes in whole seconds, so it is 0 in the last second as well.
      return Number(grantedTTL) > 0 ? 'deregistered' : 'expired';
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

/** Whether both are one node: another writer may put another name under the same key. */
const isSame = (before: Entry, now: Entry | undefined): boolean =>
  now !== undefined && before.name === now.name && before.node.id === now.node.id;
