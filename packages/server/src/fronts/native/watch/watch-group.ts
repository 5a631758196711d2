import type { View } from '../../../access/caller.ts';

/** What a watch wants to hear of. */
export interface WatchFilter {
  readonly env: string;
  /** Undefined: all of the env. */
  readonly service: string | undefined;
  /** What of that its client may read. */
  readonly view: View;
}

/** What a watch lacks: everything, or some events after which it stands at `cursor`. */
export type Missing =
  | { readonly type: 'snapshot' }
  | { readonly type: 'events'; readonly events: Buffer; readonly cursor: number };

/** The watches that want the same, and where those stand that keep up: they share what they are told. */
export class WatchGroup<T> {
  readonly filter: WatchFilter;
  readonly members: Set<T> = new Set();
  /** What was worked out for the watches that stand at a revision. */
  readonly known: Map<number, Missing> = new Map();
  /** The revision for which `known` holds. */
  knownAt = 0;
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

  /** The last revision that concerned them, or might have. */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** A change concerns them. True: it is the first since they were told. */
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

  /** They are being told. */
  told(): void {
    this.#isPending = false;
  }

  /** From where a watch that stands at `cursor` goes on: what did not concern it is not looked at again. */
  from(cursor: number): number {
    return cursor >= this.#changedBefore ? Math.max(cursor, this.#base) : cursor;
  }
}
