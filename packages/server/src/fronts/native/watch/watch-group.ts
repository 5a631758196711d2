import type { View } from '../../../access/caller.ts';
import type { SharedBytes } from './shared-bytes.ts';

/** What a watch wants to hear of. */
export interface WatchFilter {
  readonly env: string;
  /** Undefined: the whole env. */
  readonly service: string | undefined;
  /** The part of the env that the client may read. */
  readonly view: View;
}

/** What a watch has missed: everything, or some events after which it stands at `cursor`. */
export type Missing =
  | { readonly type: 'snapshot' }
  | { readonly type: 'events'; readonly events: SharedBytes; readonly cursor: number };

/** The watches with the same filter, and the revision of those that keep up. They share their events. */
export class WatchGroup<T> {
  readonly filter: WatchFilter;
  readonly members: Set<T> = new Set();
  /** The events that were worked out for watches at a revision. */
  #known = new Map<number, Missing>();
  #knownAt = 0;
  #changedAt: number;
  #changedBefore: number;
  #base: number;
  #isPending = false;

  constructor(filter: WatchFilter, revision: number) {
    this.filter = filter;
    this.#changedAt = revision;
    this.#changedBefore = revision;
    this.#base = revision;
  }

  /** The last revision that concerned the group, or may have. */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** Notes a change that concerns the group. True: it is the first since the group was told. */
  changed(revision: number): boolean {
    const isFirst = !this.#isPending;
    if (isFirst) {
      this.#changedBefore = this.#changedAt;
      this.#base = revision - 1;
      this.#isPending = true;
    }
    this.#changedAt = revision;
    return isFirst;
  }

  /** Answers that were made for watches of this group at the roll's present `revision`, by the cursor of the watch. */
  known(revision: number): Map<number, Missing> {
    // A new map, because V8 would keep the table of a cleared one, and its events, until the next full collection.
    if (this.#knownAt !== revision) this.#known = new Map();
    this.#knownAt = revision;
    return this.#known;
  }

  /** Marks the group as told. */
  told(): void {
    this.#isPending = false;
  }

  /** The revision from which a watch at `cursor` goes on. It skips changes that did not concern the group. */
  from(cursor: number): number {
    return cursor >= this.#changedBefore ? Math.max(cursor, this.#base) : cursor;
  }
}
