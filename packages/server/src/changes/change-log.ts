import type { Change, RollFollower } from '../roll/followers.ts';
import type { Instance } from '../roll/instance.ts';
import { keyOf } from '../roll/instance-ref.ts';

/** How much a {@link ChangeLog} keeps. */
export interface ChangeLogBounds {
  readonly changes: number;
  readonly bytes: number;
}

/** What a {@link ChangeLog} begins with: the roll as it is when the log is made. */
export interface ChangeLogStart {
  readonly revision: number;
  /** By the wall clock. Milliseconds. */
  readonly at: number;
}

/** A change, and the instance as it was listed before. */
interface Logged {
  readonly change: Change;
  readonly before: Instance | undefined;
}

const instancesOf = ({ change, before }: Logged): readonly Instance[] => [
  ...(change.type === 'put' ? [change.instance] : []),
  ...(before === undefined ? [] : [before]),
];

/** The last changes: for watches that resume, and to explain the past. Bounded in number and in bytes of the instances that it holds. */
export class ChangeLog implements RollFollower {
  readonly #bounds: ChangeLogBounds;
  #entries: Logged[] = [];
  /** Index of the oldest entry that is kept. */
  #first = 0;
  /** How many entries hold an instance: what one change put, the next has replaced. Its bytes are counted once. */
  readonly #holding = new Map<Instance, number>();
  #bytes = 0;
  /** The revision, and the time, after which the log is complete. */
  #start: ChangeLogStart;

  constructor(bounds: ChangeLogBounds, start: ChangeLogStart) {
    this.#bounds = bounds;
    this.#start = start;
  }

  /** It holds every change after this. */
  get start(): ChangeLogStart {
    return this.#start;
  }

  /** The revision after which the log is complete. */
  get completeAfter(): number {
    return this.#start.revision;
  }

  /** How many changes it holds. */
  get size(): number {
    return this.#entries.length - this.#first;
  }

  /** What the instances in them take. Bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  changed(change: Change, before: Instance | undefined): void {
    if (this.#entries.length === 0 && this.#start.revision !== change.revision - 1)
      this.#start = { revision: change.revision - 1, at: change.at };
    const entry = { change, before };
    this.#entries.push(entry);
    for (const instance of instancesOf(entry)) this.#hold(instance);
    while (this.#entries.length - this.#first > this.#bounds.changes || this.#bytes > this.#bounds.bytes) this.#drop();
    // Moved seldom: shifting at each change would move the whole array.
    if (this.#first <= this.#bounds.changes) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }

  /**
   * Begins with the changes that an earlier start stored, up to `revision`. The replaced state of an instance is not stored: its earlier change has it.
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

  /** A log with a hole would hide a change: it begins anew. */
  failed(): void {
    this.#entries = [];
    this.#first = 0;
    this.#holding.clear();
    this.#bytes = 0;
    this.#start = { revision: Number.POSITIVE_INFINITY, at: Number.POSITIVE_INFINITY };
  }

  /** Changes after a revision; undefined when the log does not reach back, or the revision is ahead of the roll. */
  since(revision: number, current: number): readonly Change[] | undefined {
    if (revision === current) return [];
    if (revision > current || revision < this.#start.revision) return undefined;
    return this.#entries.slice(revision - current).map(({ change }) => change);
  }

  /** Every change that is kept. */
  get all(): readonly Change[] {
    return this.#entries.slice(this.#first).map(({ change }) => change);
  }

  /** The last revision up to a time; undefined: the log does not reach back. */
  revisionAt(at: number): number | undefined {
    for (let index = this.#entries.length - 1; index >= this.#first; index -= 1) {
      const { change } = this.#entries[index] as Logged;
      if (change.at <= at) return change.revision;
    }
    return at >= this.#start.at ? this.#start.revision : undefined;
  }

  /**
   * What the changes after a revision replaced: by key, the instance as it was listed at that revision, or undefined for
   * one that was not. The whole answer is undefined where the log does not know it.
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
    const oldest = this.#entries[this.#first] as Logged;
    for (const instance of instancesOf(oldest)) this.#letGo(instance);
    const { revision, at } = oldest.change;
    this.#start = { revision, at };
    // The array is moved seldom: what it holds must go at once.
    this.#entries[this.#first] = { change: { ...placeholder, revision, at }, before: undefined };
    this.#first += 1;
  }
}

const placeholder: Omit<Change & { type: 'remove' }, 'revision' | 'at'> = {
  type: 'remove',
  instance: { env: '', service: '', id: '' },
  reason: 'deregistered',
  evidence: { what: 'deregistered', holder: false },
};
