import { conflict, type Entry, type EntryKey, entryKey, keyOf, type Lease } from '@rollcall/core/adapter';
import { CompareResult, CompareTarget, type ICompare, type IKeyValue, type IRequestOp, type ITxnResponse } from 'etcd3';
import type { Cluster } from './cluster/cluster.ts';
import { encode, keyFor } from './etcd-mapping.ts';
import { maxOperations } from './etcd-options.ts';

/** One write of this object. The key is ours while it has this lease; without a lease, while it is as this write left it. */
interface Claim {
  /** `0`: no lease. */
  readonly lease: string;
  readonly ttlSeconds: number;
  readonly value: Buffer;
  /**
   * Revision of the write. The value alone does not identify it, since another object may write the same. Undefined:
   * unknown, because the answer was lost or the write may happen twice.
   */
  readonly revision: string | undefined;
  /** Whether an earlier attempt may still write this: its member did not answer in time. */
  readonly mayComeLate: boolean;
}

const secondsOf = (lease: Lease | undefined): number => (lease === undefined ? 0 : Math.ceil(lease.ttlMs / 1_000));

/** The nodes that this object holds, with one lease each. It trusts only what etcd answers. */
export class Holdings {
  readonly #cluster: Cluster;
  readonly #prefix: string;
  /** By key: the last acknowledged write of this object, and later writes whose outcome is unknown. */
  readonly #claims = new Map<string, readonly Claim[]>();

  constructor(cluster: Cluster, prefix: string) {
    this.#cluster = cluster;
    this.#prefix = prefix;
  }

  /** Writes each entry whole, over any entry that was there. */
  async put(entries: readonly Entry[], lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    await Promise.all(entries.map((entry) => this.#write(entryKey(entry), encode(entry), lease, signal)));
  }

  /**
   * Renews; returns the entries that etcd no longer has. Throws `CONFLICT` before anything is written when another
   * object holds one of them.
   */
  async renew(keys: readonly EntryKey[], lease: Lease | undefined, signal: AbortSignal): Promise<readonly EntryKey[]> {
    const states = await this.#look(keys, signal);
    const other = keys.find((_, index) => states[index] === 'theirs');
    if (other !== undefined) throw takenOver(other);
    const renewed = await Promise.all(
      keys.map((key, index) => {
        const state = states[index];
        return typeof state === 'object' && this.#extend(key, state, lease, signal);
      }),
    );
    return keys.filter((_, index) => !renewed[index]);
  }

  /**
   * Removes nodes, also those of other writers. One by one, because of several changes at one revision go-micro's
   * watchers see only the first.
   */
  async remove(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    await Promise.all(keys.map((key) => this.#txn([], [this.#delete(key)], signal)));
    for (const { name, id } of keys) this.#claims.delete(keyOf(name, id));
  }

  /** Removes only nodes that are still ours, each by itself, so that a node of another writer does not keep the rest. */
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

  /** Writes one entry, on the conditions of `unless`. False: they did not hold, so nothing was written. */
  async #write(
    key: EntryKey,
    value: Buffer,
    lease: Lease | undefined,
    signal: AbortSignal,
    unless: readonly ICompare[] = [],
  ): Promise<boolean> {
    const ttlSeconds = secondsOf(lease);
    const granted = ttlSeconds === 0 ? '0' : await this.#grant(ttlSeconds, signal);
    const claim: Claim = { lease: granted, ttlSeconds, value, revision: undefined, mayComeLate: true };
    const before = this.#claimsOf(key);
    // Noted before it is sent: a lost answer must lose neither the key nor its earlier lease.
    this.#claims.set(keyOf(key.name, key.id), [...before, claim]);
    const put: IRequestOp = { request_put: { key: this.#key(key), value, lease: granted } };
    let attempts = 0;
    const request = { compare: [...unless], success: [put] };
    const { succeeded, header } = await this.#cluster.run(signal, ({ kv }) => {
      attempts += 1;
      return kv.txn(request);
    });
    // If the condition did not hold, an earlier attempt with another member may have written it.
    if (!succeeded) return false;
    const mayComeLate = attempts > 1;
    const revision = mayComeLate ? undefined : header.revision;
    this.#claims.set(keyOf(key.name, key.id), [{ ...claim, revision, mayComeLate }]);
    await this.#revokeLate(before, signal);
    return true;
  }

  /** Revokes leases of late writes: a silent member may carry one out, over newer content, while its lease lives. */
  async #revokeLate(claims: readonly Claim[], signal: AbortSignal): Promise<void> {
    const late = claims.filter(({ lease, mayComeLate }) => mayComeLate && lease !== '0');
    const revoke = ({ lease }: Claim) => this.#cluster.run(signal, ({ leases }) => leases.leaseRevoke({ ID: lease }));
    // A failed revocation does no harm, because the lease expires by itself.
    await Promise.allSettled(late.map(revoke));
  }

  async #grant(TTL: number, signal: AbortSignal): Promise<string> {
    return (await this.#cluster.run(signal, ({ leases }) => leases.leaseGrant({ TTL }))).ID;
  }

  /**
   * Renews one entry, and replaces its lease where the TTL has changed. Returns false when etcd no longer has the
   * lease.
   */
  async #extend(key: EntryKey, claim: Claim, lease: Lease | undefined, signal: AbortSignal): Promise<boolean> {
    if (claim.ttlSeconds === secondsOf(lease)) return claim.lease === '0' || this.#keepAlive(claim.lease, signal);
    if (await this.#write(key, claim.value, lease, signal, this.#holds(key, claim))) return true;
    const [now] = await this.#look([key], signal);
    if (now === 'theirs') throw takenOver(key);
    if (typeof now !== 'object') return false;
    this.#claims.set(keyOf(key.name, key.id), [now]);
    return now.ttlSeconds === secondsOf(lease);
  }

  /** A stream for one question, because etcd has no single call for it. */
  async #keepAlive(ID: string, signal: AbortSignal): Promise<boolean> {
    const { first, end } = await this.#cluster.converse(signal, (calls) =>
      calls.converse(({ leases }) => leases.leaseKeepAlive(), { ID }),
    );
    end();
    return Number(first.TTL) > 0;
  }

  /** Reads for each key this object's claim, or that another object holds it. Reads a chunk of keys at one revision. */
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

  /** {@link isClaimed}, as a condition that etcd checks. */
  #holds(entryKey: EntryKey, { lease, value, revision }: Claim): readonly ICompare[] {
    const equal = { key: this.#key(entryKey), result: CompareResult.Equal };
    const compares: ICompare[] = [{ ...equal, target: CompareTarget.Lease, lease }];
    if (lease !== '0') return compares;
    compares.push({ ...equal, target: CompareTarget.Value, value });
    if (revision !== undefined) compares.push({ ...equal, target: CompareTarget.Mod, mod_revision: revision });
    return compares;
  }

  #txn(compare: readonly ICompare[], success: readonly IRequestOp[], signal: AbortSignal): Promise<ITxnResponse> {
    const request = { compare: [...compare], success: [...success] };
    return this.#cluster.run(signal, ({ kv }) => kv.txn(request));
  }
}

const takenOver = (key: EntryKey): Error => conflict('etcd', key, 'another writer');

const isClaimed = (kv: IKeyValue, { lease, value, revision = kv.mod_revision }: Claim): boolean =>
  kv.lease === lease && (lease !== '0' || (kv.value.equals(value) && kv.mod_revision === revision));

function chunks(keys: readonly EntryKey[]): (readonly EntryKey[])[] {
  const count = Math.ceil(keys.length / maxOperations);
  return Array.from({ length: count }, (_, index) => keys.slice(index * maxOperations, (index + 1) * maxOperations));
}
