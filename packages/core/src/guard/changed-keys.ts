import type { DeleteReason } from '../contract.ts';

/**
 * Keys that wait to be told, each once, in the order of their first change. A `Map` that is emptied from its front is slow to find
 * its first key, since what was deleted stays in the way until it is rebuilt: the place is remembered.
 */
export class ChangedKeys {
  readonly #reasons = new Map<string, DeleteReason>();
  #rest = this.#reasons.keys();
  #first: string | undefined;

  get size(): number {
    return this.#reasons.size;
  }

  has(key: string): boolean {
    return this.#reasons.has(key);
  }

  /** A key that waits already keeps its place. */
  add(key: string, reason: DeleteReason): void {
    this.#reasons.set(key, reason);
  }

  /** The key that waits longest. */
  get first(): string | undefined {
    if (this.#first !== undefined || this.#reasons.size === 0) return this.#first;
    const next = this.#rest.next();
    // An iterator that has come to the end does not see what is added later.
    if (next.done) this.#rest = this.#reasons.keys();
    this.#first = next.done ? this.#rest.next().value : next.value;
    return this.#first;
  }

  /** Takes the first key out; answers its reason. */
  shift(): DeleteReason | undefined {
    const key = this.first;
    if (key === undefined) return undefined;
    const reason = this.#reasons.get(key);
    this.#reasons.delete(key);
    this.#first = undefined;
    return reason;
  }

  clear(): void {
    this.#reasons.clear();
    this.#first = undefined;
  }
}
