import type { Entry, EntryKey, Lease } from '../adapter/driver.ts';
import { entryKey, keyOf, sameEntry } from '../model/entry.ts';

/**
 * - `held`: acknowledged, as far as this object knows.
 * - `unsure`: a write failed half-way. The node may be on the backend, so close withdraws it.
 */
interface Holding {
  readonly entry: Entry;
  readonly leased: boolean;
  readonly sure: boolean;
}

/**
 * What this registry object has registered. It decides between put and renew, and what `close` withdraws; it never
 * answers a read.
 */
export class Holdings {
  readonly #holdings = new Map<string, Holding>();
  /** Keys whose renewal was refused because another object holds one of them. */
  readonly #taken = new Set<string>();

  /**
   * Whether registering the entry is a renewal: the same content under the same kind of lease. Anything else is a put.
   */
  isRenewal(entry: Entry, lease: Lease | undefined): boolean {
    const holding = this.#holdings.get(keyOf(entry.name, entry.node.id));
    return holding?.sure === true && holding.leased === (lease !== undefined) && sameEntry(holding.entry, entry);
  }

  /**
   * Whether this object registered the node. Only the backend knows whether the object still holds it: the write may
   * have been refused, or the node taken over.
   */
  isClaimed({ name, node }: Entry): boolean {
    const key = keyOf(name, node.id);
    return this.#taken.has(key) || this.#holdings.get(key)?.sure === true;
  }

  /** Another object holds one of these keys. */
  lose(keys: readonly EntryKey[]): void {
    for (const { name, id } of keys) this.#taken.add(keyOf(name, id));
  }

  /** No other object holds these keys any more. */
  regain(entries: readonly Entry[]): void {
    for (const { name, node } of entries) this.#taken.delete(keyOf(name, node.id));
  }

  hold(entries: readonly Entry[], lease: Lease | undefined, sure: boolean): void {
    for (const entry of entries) {
      this.#holdings.set(keyOf(entry.name, entry.node.id), { entry, leased: lease !== undefined, sure });
    }
  }

  drop(keys: readonly EntryKey[]): void {
    for (const { name, id } of keys) {
      this.#holdings.delete(keyOf(name, id));
      this.#taken.delete(keyOf(name, id));
    }
  }

  keys(): readonly EntryKey[] {
    return [...this.#holdings.values()].map(({ entry }) => entryKey(entry));
  }
}
