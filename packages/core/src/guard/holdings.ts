import type { Entry, EntryKey, Lease } from '../adapter/driver.ts';
import { entryKey, keyOf, sameEntry } from '../model/entry.ts';

/**
 * - `held`: acknowledged, as far as this object knows.
 * - `unsure`: a write failed half-way; it may be there, and withdrawing it is right.
 */
interface Holding {
  readonly entry: Entry;
  readonly leased: boolean;
  readonly sure: boolean;
}

/** What this registry object has registered. Decides put or renew, and what `close` withdraws; never what is true. */
export class Holdings {
  readonly #holdings = new Map<string, Holding>();
  /** Keys of which a renewal was refused because another holds one of them. */
  readonly #taken = new Set<string>();

  /** Same content under the same kind of lease is a renewal; anything else is written. */
  isRenewal(entry: Entry, lease: Lease | undefined): boolean {
    const holding = this.#holdings.get(keyOf(entry.name, entry.node.id));
    return holding?.sure === true && holding.leased === (lease !== undefined) && sameEntry(holding.entry, entry);
  }

  /** It was registered, and whose it is now only the backend knows: it may have been refused since, or taken over unheard. */
  isClaimed({ name, node }: Entry): boolean {
    const key = keyOf(name, node.id);
    return this.#taken.has(key) || this.#holdings.get(key)?.sure === true;
  }

  /** Another holds one of these. */
  lose(keys: readonly EntryKey[]): void {
    for (const { name, id } of keys) this.#taken.add(keyOf(name, id));
  }

  /** None of these is another's any more. */
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
