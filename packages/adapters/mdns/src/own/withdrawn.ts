import { type EntryKey, keyOf } from '@rollcall/core/adapter';
import { withdrawnMs } from '../mdns-options.ts';

/** Nodes that were withdrawn here a moment ago; they need no probe to come back. */
export class Withdrawn {
  /** When each node was withdrawn, oldest first. */
  readonly #at = new Map<string, number>();

  note({ name, id }: EntryKey, now: number): void {
    for (const [key, at] of this.#at) {
      if (at + withdrawnMs > now) break;
      this.#at.delete(key);
    }
    this.#at.delete(keyOf(name, id));
    this.#at.set(keyOf(name, id), now);
  }

  has({ name, id }: EntryKey, now: number): boolean {
    const at = this.#at.get(keyOf(name, id));
    return at !== undefined && at + withdrawnMs > now;
  }
}
