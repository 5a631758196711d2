import type { Instance, RemoveEvent } from '@rollcall/protocol';

/** One change of the roll, at a revision of its own. */
export type Change =
  | { readonly revision: number; readonly type: 'put'; readonly instance: Instance }
  | { readonly revision: number; readonly type: 'remove'; readonly removed: RemoveEvent };

/** The env and the service of a change. */
export function subjectOf(change: Change): { readonly env: string; readonly appid: string } {
  return change.type === 'put' ? change.instance : change.removed;
}

/** The last changes, for whoever resumes, and those who want to hear of the next. */
export class ChangeLog {
  readonly #size: number;
  readonly #changes: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  #first = 0;

  constructor(size: number) {
    this.#size = size;
  }

  append(change: Change): void {
    this.#changes.push(change);
    // Trimmed in halves: shifting at each change would move the whole array.
    if (this.#changes.length >= 2 * this.#size) this.#changes.splice(0, this.#changes.length - this.#size);
    this.#first = this.#changes[0]?.revision ?? 0;
    for (const listener of this.#listeners) listener(change);
  }

  /** Changes after a revision; undefined when the log no longer reaches back, or the revision is ahead of it. */
  since(revision: number, current: number): readonly Change[] | undefined {
    if (revision === current) return [];
    if (revision > current || revision + 1 < this.#first) return undefined;
    return this.#changes.slice(revision + 1 - this.#first);
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
