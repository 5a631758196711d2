import type { Change, RollFollower } from '../roll/followers.ts';
import type { Instance } from '../roll/instance.ts';
import { keyOf } from '../roll/instance-ref.ts';

/** How much a {@link ChangeLog} keeps. */
export interface ChangeLogBounds {
  readonly changes: number;
  readonly bytes: number;
}

/** The state that a {@link ChangeLog} begins with: the roll at the time when the log is created. */
export interface ChangeLogStart {
  readonly revision: number;
  /** By the wall clock, in milliseconds. */
  readonly at: number;
}

/** A change, and the instance as it was listed before. */
interface Logged {
  readonly change: Change;
  readonly before: Instance | undefined;
}

/**
 * The last changes, for watches that resume and for questions about the past. Bounded in number, and in bytes of the
 * instances that it holds.
 */
export class ChangeLog implements RollFollower {
  readonly #bounds: ChangeLogBounds;
  #entries: Logged[] = [];
  /** Index of the oldest kept entry. */
  #first = 0;
  /**
   * How many entries hold an instance. Two entries often share an instance: one change puts it, and the next replaces
   * it. So its bytes are counted once.
   */
  readonly #holding = new Map<Instance, number>();
  #bytes = 0;
  /** The revision and the time after which the log is complete. */
  #start: ChangeLogStart;

  constructor(bounds: ChangeLogBounds, start: ChangeLogStart) {
    this.#bounds = bounds;
    this.#start = start;
  }

  /** The log holds every change after this. */
  get start(): ChangeLogStart {
    return this.#start;
  }

  /** The revision after which the log is complete. */
  get completeAfter(): number {
    return this.#start.revision;
  }

  /** The number of changes in the log. */
  get size(): number {
    return this.#entries.length - this.#first;
  }

  /** The bytes of the instances in the log. */
  get bytes(): number {
    return this.#bytes;
  }

  changed(change: Change, before: Instance | undefined): void {
    if (this.#entries.length === 0 && this.#start.revision !== change.revision - 1)
      this.#start = { revision: change.revision - 1, at: change.at };
    this.#entries.push({ change, before });
    if (change.type === 'put') this.#hold(change.instance);
    if (before !== undefined) this.#hold(before);
    while (this.#entries.length - this.#first > this.#bounds.changes || this.#bytes > this.#bounds.bytes) this.#drop();
    // The array is shifted seldom, because each shift moves all of it.
    if (this.#first <= this.#bounds.changes) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }

  /**
   * Begins with the stored changes of an earlier start, up to `revision`. The store does not hold the replaced state of
   * an instance, so it is taken from the earlier change.
   */
  restore(changes: readonly Change[], revision: number): void {
    const [oldest] = changes;
    if (oldest !== undefined) this.#start = { revision: oldest.revision - 1, at: oldest.at };
    const last = new Map<string, Instance>();
    for (const change of changes) {
      const key = keyOf(change.instance);
      this.changed(change, last.get(key));
      if (change.type === 'put') last.set(key, change.instance);
      else last.delete(key);
    }
    if (this.#entries.length === 0) this.#start = { revision, at: this.#start.at };
  }

  /** A log with a gap would hide a change, so it begins anew. */
  failed(): void {
    this.#entries = [];
    this.#first = 0;
    this.#holding.clear();
    this.#bytes = 0;
    this.#start = { revision: Number.POSITIVE_INFINITY, at: Number.POSITIVE_INFINITY };
  }

  /** Changes after a revision. Undefined when the log does not reach back to it, or the revision is ahead of the roll. */
  since(revision: number, current: number): readonly Change[] | undefined {
    if (revision === current) return [];
    if (revision > current || revision < this.#start.revision) return undefined;
    return this.#entries.slice(revision - current).map(({ change }) => change);
  }

  /** Every kept change. */
  get all(): readonly Change[] {
    return this.#entries.slice(this.#first).map(({ change }) => change);
  }

  /** The last revision up to a time; undefined: the log does not reach back to it. */
  revisionAt(at: number): number | undefined {
    for (let index = this.#entries.length - 1; index >= this.#first; index -= 1) {
      const { change } = this.#entries[index] as Logged;
      if (change.at <= at) return change.revision;
    }
    return at >= this.#start.at ? this.#start.revision : undefined;
  }

  /**
   * For each key that changed after a revision: the instance as it was listed at that revision, or undefined if it was
   * not listed. Undefined as a whole where the log does not reach back to the revision.
   */
  before(revision: number): ReadonlyMap<string, Instance | undefined> | undefined {
    const replaced = new Map<string, Instance | undefined>();
    for (let index = this.#entries.length - 1; index >= this.#first; index -= 1) {
      const { change, before } = this.#entries[index] as Logged;
      if (change.revision <= revision) return replaced;
      if (before === undefined && change.evidence.what !== 'registered') return undefined;
      replaced.set(keyOf(change.instance), before);
    }
    return revision >= this.#start.revision ? replaced : undefined;
  }

  #hold(instance: Instance): void {
    const entries = this.#holding.get(instance) ?? 0;
    if (entries === 0) this.#bytes += instance.bytes;
    this.#holding.set(instance, entries + 1);
  }

  #letGo(instance: Instance): void {
    const entries = this.#holding.get(instance) ?? 0;
    if (entries > 1) this.#holding.set(instance, entries - 1);
    else if (this.#holding.delete(instance)) this.#bytes -= instance.bytes;
  }

  #drop(): void {
    const { change, before } = this.#entries[this.#first] as Logged;
    if (change.type === 'put') this.#letGo(change.instance);
    if (before !== undefined) this.#letGo(before);
    this.#start = { revision: change.revision, at: change.at };
    // The array is shortened seldom, so the entry is released here.
    this.#entries[this.#first] = dropped;
    this.#first += 1;
  }
}

/** Takes the place of a dropped entry until the array is shortened. */
const dropped: Logged = {
  change: {
    revision: 0,
    at: 0,
    type: 'remove',
    instance: { env: '', service: '', id: '' },
    reason: 'deregistered',
    evidence: { what: 'deregistered', holder: false },
  },
  before: undefined,
};
