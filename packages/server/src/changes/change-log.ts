import type { Change, RollFollower } from '../roll/followers.ts';

/** How much a {@link ChangeLog} keeps. */
export interface ChangeLogBounds {
  readonly changes: number;
  readonly bytes: number;
}

const bytesOf = (change: Change): number => (change.type === 'put' ? change.instance.bytes : 0);

/** The last changes, for watches that resume. Bounded in number and in bytes of the instances that it holds. */
export class ChangeLog implements RollFollower {
  readonly #bounds: ChangeLogBounds;
  #changes: Change[] = [];
  /** Index of the oldest change that is kept. */
  #first = 0;
  #bytes = 0;
  #completeAfter = 0;

  constructor(bounds: ChangeLogBounds) {
    this.#bounds = bounds;
  }

  /** How many changes it holds. */
  get size(): number {
    return this.#changes.length - this.#first;
  }

  /** What the instances in them take. Bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  changed(change: Change): void {
    if (this.#changes.length === 0) this.#completeAfter = change.revision - 1;
    this.#changes.push(change);
    this.#bytes += bytesOf(change);
    while (this.#changes.length - this.#first > this.#bounds.changes || this.#bytes > this.#bounds.bytes) this.#drop();
    // Moved seldom: shifting at each change would move the whole array.
    if (this.#first <= this.#bounds.changes) return;
    this.#changes = this.#changes.slice(this.#first);
    this.#first = 0;
  }

  /** Begins with what an earlier start wrote down, up to `revision`. */
  restore(changes: readonly Change[], revision: number): void {
    for (const change of changes) this.changed(change);
    if (this.#changes.length === 0) this.#completeAfter = revision;
  }

  /** The revision after which the log is complete. */
  get completeAfter(): number {
    return this.#completeAfter;
  }

  /** A log with a hole would hide a change: it begins anew. */
  failed(): void {
    this.#changes = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#completeAfter = Number.POSITIVE_INFINITY;
  }

  /** Changes after a revision; undefined when the log does not reach back, or the revision is ahead of the roll. */
  since(revision: number, current: number): readonly Change[] | undefined {
    if (revision === current) return [];
    if (revision > current || revision < this.#completeAfter) return undefined;
    return this.#changes.slice(revision - current);
  }

  #drop(): void {
    const oldest = this.#changes[this.#first] as Change;
    this.#bytes -= bytesOf(oldest);
    this.#completeAfter = oldest.revision;
    // The array is moved seldom: what it holds must go at once.
    this.#changes[this.#first] = { ...placeholder, revision: oldest.revision };
    this.#first += 1;
  }
}

const placeholder: Omit<Change & { type: 'remove' }, 'revision'> = {
  type: 'remove',
  instance: { env: '', service: '', id: '' },
  reason: 'expired',
};
