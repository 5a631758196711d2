import { type Entry, type EntryKey, entryKey, keyOf, type Lease } from '@rollcall/core/adapter';
import { CompareResult, CompareTarget, type ICompare, type IKeyValue, type IRequestOp, type ITxnResponse } from 'etcd3';
import { type Connection, deadline } from './connection.ts';
import { heldByAnother } from './etcd-error.ts';
import { encode, keyFor } from './etcd-mapping.ts';
import { maxOperations, writeDeadlineMs } from './etcd-options.ts';

/** One write of ours: the key is ours while it hangs on this lease, or without one while it has this value. */
interface Claim {
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
  /** By key, what may be there of ours: the last write that was acknowledged and those since whose answer is not known. */
  readonly #claims = new Map<string, readonly Claim[]>();

  constructor(connection: Connection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  /** Writes each whole, whatever was there. */
  async put(entries: readonly Entry[], lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    await Promise.all(entries.map((entry) => this.#write(entryKey(entry), encode(entry), lease, signal)));
  }

  /** Answers those that etcd has no longer; throws `CONFLICT` before anything is written when one is another's. */
  async renew(keys: readonly EntryKey[], lease: Lease | undefined, signal: AbortSignal): Promise<readonly EntryKey[]> {
    const states = await this.#look(keys, signal);
    const other = keys.find((_, index) => states[index] === 'theirs');
    if (other !== undefined) throw heldByAnother(other);
    const renewed = await Promise.all(
      keys.map((key, index) => {
        const state = states[index];
        return typeof state === 'object' && this.#extend(key, state, lease, signal);
      }),
    );
    return keys.filter((_, index) => !renewed[index]);
  }

  /** Whoever wrote them. One by one: of several changes at one revision go-micro's watchers take the first alone. */
  async remove(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    await Promise.all(keys.map((key) => this.#txn([], [this.#delete(key)], signal)));
    for (const { name, id } of keys) this.#claims.delete(keyOf(name, id));
  }

  /** Only what is still ours; each by itself, since one that is another's must not keep the rest. */
  async withdraw(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    const claimed = keys.flatMap((key) => this.#claimsOf(key).map((claim) => ({ key, claim })));
    await Promise.all(claimed.map(({ key, claim }) => this.#txn(this.#holds(key, claim), [this.#delete(key)], signal)));
  }

  #claimsOf({ name, id }: EntryKey): readonly Claim[] {
    return this.#claims.get(keyOf(name, id)) ?? [];
  }

  #delete(key: EntryKey): IRequestOp {
    return { request_delete_range: { key: this.#key(key) } };
  }

  #key(key: EntryKey): Buffer {
    return Buffer.from(keyFor(this.#prefix, key));
  }

  /** False: `unless` did not hold, and nothing was written. */
  async #write(
    key: EntryKey,
    value: Buffer,
    lease: Lease | undefined,
    signal: AbortSignal,
    unless: readonly ICompare[] = [],
  ): Promise<boolean> {
    const ttlSeconds = secondsOf(lease);
    const granted = ttlSeconds === 0 ? '0' : await this.#grant(ttlSeconds, signal);
    const claim: Claim = { lease: granted, ttlSeconds, value };
    const before = this.#claimsOf(key);
    // Known before it is sent: an answer that is lost must not lose the key, nor what it had before.
    this.#claims.set(keyOf(key.name, key.id), [...before, claim]);
    const put: IRequestOp = { request_put: { key: this.#key(key), value, lease: granted } };
    const { succeeded } = await this.#txn(unless, [put], signal);
    this.#claims.set(keyOf(key.name, key.id), succeeded ? [claim] : before);
    return succeeded;
  }

  async #grant(TTL: number, signal: AbortSignal): Promise<string> {
    const call = this.#connection.call(signal, ({ leaseClient }) =>
      leaseClient.leaseGrant({ TTL }, deadline(writeDeadlineMs)),
    );
    return (await call).ID;
  }

  /** False: etcd has it no longer. */
  async #extend(key: EntryKey, claim: Claim, lease: Lease | undefined, signal: AbortSignal): Promise<boolean> {
    if (claim.ttlSeconds === secondsOf(lease)) return claim.lease === '0' || this.#keepAlive(claim.lease, signal);
    if (await this.#write(key, claim.value, lease, signal, this.#holds(key, claim))) return true;
    const [now] = await this.#look([key], signal);
    if (now === 'theirs') throw heldByAnother(key);
    return false;
  }

  /** A stream of one question: etcd has no single call for it. */
  async #keepAlive(ID: string, signal: AbortSignal): Promise<boolean> {
    const stream = await this.#connection.stream(signal, ({ leaseClient }) =>
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

  /** Each key's claim, or in whose hands it is; at one moment per chunk. */
  async #look(keys: readonly EntryKey[], signal: AbortSignal): Promise<readonly (Claim | 'theirs' | 'gone')[]> {
    const states: (Claim | 'theirs' | 'gone')[] = [];
    for (const chunk of chunks(keys)) {
      const reads = chunk.map((key): IRequestOp => ({ request_range: { key: this.#key(key) } }));
      const { responses } = await this.#txn([], reads, signal);
      for (const [index, key] of chunk.entries()) {
        const [kv] = responses[index]?.response_range?.kvs ?? [];
        const claims = this.#claimsOf(key);
        if (kv === undefined || claims.length === 0) states.push('gone');
        else states.push(claims.find((claim) => isClaimed(kv, claim)) ?? 'theirs');
      }
    }
    return states;
  }

  /** {@link isClaimed}, for etcd to decide. */
  #holds(key: EntryKey, { lease, value }: Claim): readonly ICompare[] {
    const compares: ICompare[] = [
      { key: this.#key(key), target: CompareTarget.Lease, result: CompareResult.Equal, lease },
    ];
    if (lease === '0')
      compares.push({ key: this.#key(key), target: CompareTarget.Value, result: CompareResult.Equal, value });
    return compares;
  }

  #txn(compare: readonly ICompare[], success: readonly IRequestOp[], signal: AbortSignal): Promise<ITxnResponse> {
    const request = { compare: [...compare], success: [...success] };
    return this.#connection.call(signal, ({ kv }) => kv.txn(request, deadline(writeDeadlineMs)));
  }
}

const isClaimed = (kv: IKeyValue, { lease, value }: Claim): boolean =>
  kv.lease === lease && (lease !== '0' || kv.value.equals(value));

function chunks(keys: readonly EntryKey[]): (readonly EntryKey[])[] {
  const count = Math.ceil(keys.length / maxOperations);
  return Array.from({ length: count }, (_, index) => keys.slice(index * maxOperations, (index + 1) * maxOperations));
}
