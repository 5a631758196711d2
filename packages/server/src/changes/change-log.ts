import type { Change, RollFollower } from '../roll/followers.ts';

/** The last changes, for watches that resume. */
export class ChangeLog implements RollFollower {
  readonly #size: number;
  #changes: Change[] = [];
  /** The revision after which the log is complete. */
  #completeAfter = 0;

  constructor(size: number) {
    this.#size = size;
  }

  changed(change: Change): void {
    if (this.#changes.length === 0) this.#completeAfter = change.revision - 1;
    this.#changes.push(change);
    // Trimmed in halves: shifting at each change would move the whole array.
    if (this.#changes.length < 2 * this.#size) return;
    this.#changes = this.#changes.slice(-this.#size);
    this.#completeAfter = (this.#changes[0]?.revision ?? 1) - 1;
  }

  /** A log with a hole would hide a change: it begins anew. */
  failed(): void {
    this.#completeAfter = Number.POSITIVE_INFINITY;
    this.#changes = [];
  }

  /** Changes after a revision; undefined when the log does not reach back, or the revision is ahead of the roll. */
  since(revision: number, current: number): readonly Change[] | undefined {
    if (revision === current) return [];
    if (revision > current || revision < this.#completeAfter) return undefined;
    return this.#changes.slice(-(current - revision));
  }
}
