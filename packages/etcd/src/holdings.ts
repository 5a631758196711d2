import { type Entry, type EntryKey, keyOf, type Lease } from '@rollcall/core';
import { CompareResult, CompareTarget, type ICompare, type IRequestOp, type ITxnResponse } from 'etcd3';
import { type Connection, deadline } from './connection.ts';
import { heldByAnother } from './etcd-error.ts';
import { encode, keyFor } from './etcd-mapping.ts';
import { maxOperations, writeDeadlineMs } from './etcd-options.ts';

/** What this object has written: a key is ours while it hangs on this lease, or without one while it has this value. */
interface Held {
  /** `0`: it has none. */
  readonly lease: string;
  readonly ttlSeconds: number;
  readonly value: Buffer;
}

const secondsOf = (lease: Lease | undefined): number => (lease === undefined ? 0 : Math.ceil(lease.ttlMs / 1_000));

/** The nodes that this object holds: one lease each, and no trust in anything but what etcd answers. */
export class Holdings {
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #held = new Map<string, Held>();

  constructor(connection: Connection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  /** Writes each whole, whatever was there. */
  async put(entries: readonly Entry[], lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    await Promise.all(entries.map((entry) => this.#write(entry, encode(entry), lease, signal)));
  }

  /** Answers those that etcd has no longer; throws `CONFLICT` before anything is written when one is another's. */
  async renew(keys: readonly EntryKey[], lease: Lease | undefined, signal: AbortSignal): Promise<readonly EntryKey[]> {
    const states = await this.#compare(keys, signal);
    const other = keys.find((_, index) => states[index] === 'theirs');
    if (other !== undefined) throw heldByAnother(other);
    const renewed = await Promise.all(
      keys.map((key, index) => (states[index] === 'ours' ? this.#extend(key, lease, signal) : false)),
    );
    return keys.filter((_, index) => !renewed[index]);
  }

  /** Whoever wrote them. */
  async remove(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    for (const chunk of chunks(keys)) {
      const success = chunk.map((key): IRequestOp => ({ request_delete_range: { key: this.#key(key) } }));
      await this.#txn([], success, [], signal);
    }
    for (const { name, id } of keys) this.#held.delete(keyOf(name, id));
  }

  /** Only what is still ours; each by itself, since one that is another's must not keep the rest. */
  async withdraw(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    await Promise.all(
      keys.map(async (key) => {
        const held = this.#held.get(keyOf(key.name, key.id));
        if (held === undefined) return;
        await this.#txn(this.#ours(key, held), [{ request_delete_range: { key: this.#key(key) } }], [], signal);
      }),
    );
  }

  #key(key: EntryKey): Buffer {
    return Buffer.from(keyFor(this.#prefix, key));
  }

  async #write(
    entry: Pick<Entry, 'name'> & { readonly node: { readonly id: string } },
    value: Buffer,
    lease: Lease | undefined,
    signal: AbortSignal,
    unless: readonly ICompare[] = [],
  ): Promise<boolean> {
    const key = { name: entry.name, id: entry.node.id };
    const ttlSeconds = secondsOf(lease);
    const granted = ttlSeconds === 0 ? '0' : await this.#grant(ttlSeconds, signal);
    // Known before it is sent: an answer that is lost must not lose the key.
    this.#held.set(keyOf(key.name, key.id), { lease: granted, ttlSeconds, value });
    const put: IRequestOp = { request_put: { key: this.#key(key), value, lease: granted } };
    return (await this.#txn(unless, [put], [], signal)).succeeded;
  }

  async #grant(TTL: number, signal: AbortSignal): Promise<string> {
    const call = this.#connection.call(signal, ({ leaseClient }) =>
      leaseClient.leaseGrant({ TTL }, deadline(writeDeadlineMs)),
    );
    return (await call).ID;
  }

  /** False: etcd has it no longer. */
  async #extend(key: EntryKey, lease: Lease | undefined, signal: AbortSignal): Promise<boolean> {
    const held = this.#held.get(keyOf(key.name, key.id));
    if (held === undefined) return false;
    if (held.ttlSeconds !== secondsOf(lease)) {
      const entry = { name: key.name, node: { id: key.id } };
      return this.#write(entry, held.value, lease, signal, this.#ours(key, held));
    }
    return held.lease === '0' || this.#keepAlive(held.lease, signal);
  }

  /** A stream of one question: etcd has no single call for it. */
  async #keepAlive(ID: string, signal: AbortSignal): Promise<boolean> {
    const stream = await this.#connection.call(signal, ({ leaseClient }) =>
      leaseClient.leaseKeepAlive(deadline(writeDeadlineMs)),
    );
    const answer = new Promise<boolean>((resolve, reject) => {
      stream.on('data', ({ TTL }) => resolve(Number(TTL) > 0));
      stream.on('error', reject);
      stream.on('end', () => resolve(false));
    });
    // It may come after the signal, when nobody waits.
    answer.catch(() => {});
    try {
      stream.write({ ID });
      return await this.#connection.call(signal, () => answer);
    } finally {
      stream.end();
      stream.cancel();
    }
  }

  /** In whose hands each key is, at one moment per chunk. */
  async #compare(keys: readonly EntryKey[], signal: AbortSignal): Promise<readonly ('ours' | 'theirs' | 'gone')[]> {
    const states: ('ours' | 'theirs' | 'gone')[] = [];
    for (const chunk of chunks(keys)) {
      const reads = chunk.map((key): IRequestOp => ({ request_range: { key: this.#key(key) } }));
      const { responses } = await this.#txn([], reads, [], signal);
      for (const [index, { name, id }] of chunk.entries()) {
        const [kv] = responses[index]?.response_range?.kvs ?? [];
        const held = this.#held.get(keyOf(name, id));
        if (kv === undefined || held === undefined) states.push('gone');
        else if (kv.lease !== held.lease) states.push('theirs');
        else states.push(held.lease === '0' && !kv.value.equals(held.value) ? 'theirs' : 'ours');
      }
    }
    return states;
  }

  #ours(key: EntryKey, { lease, value }: Held): readonly ICompare[] {
    const compares: ICompare[] = [
      { key: this.#key(key), target: CompareTarget.Lease, result: CompareResult.Equal, lease },
    ];
    if (lease === '0')
      compares.push({ key: this.#key(key), target: CompareTarget.Value, result: CompareResult.Equal, value });
    return compares;
  }

  #txn(
    compare: readonly ICompare[],
    success: readonly IRequestOp[],
    failure: readonly IRequestOp[],
    signal: AbortSignal,
  ): Promise<ITxnResponse> {
    const request = { compare: [...compare], success: [...success], failure: [...failure] };
    return this.#connection.call(signal, ({ kv }) => kv.txn(request, deadline(writeDeadlineMs)));
  }
}

function chunks(keys: readonly EntryKey[]): (readonly EntryKey[])[] {
  const count = Math.ceil(keys.length / maxOperations);
  return Array.from({ length: count }, (_, index) => keys.slice(index * maxOperations, (index + 1) * maxOperations));
}
