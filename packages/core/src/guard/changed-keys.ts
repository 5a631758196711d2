import type { DeleteReason } from '../contract.ts';

/**
 * Keys that wait to be told, each once, in the order of their first change. It remembers its place, because a `Map`
 * that is emptied from its front finds its first key slowly: deleted keys stay in the way until it is rebuilt.
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

  /** A waiting key keeps its place. */
  add(key: string, reason: DeleteReason): void {
    this.#reasons.set(key, reason);
  }

  /** The key that has waited longest. */
  get first(): string | undefined {
    if (this.#first !== undefined || this.#reasons.size === 0) return this.#first;
    const next = this.#rest.next();
    // An iterator at its end does not see keys that are added later.
    if (next.done) this.#rest = this.#reasons.keys();
    this.#first = next.done ? this.#rest.next().value : next.value;
    return this.#first;
  }

  /** Takes the first key out; returns its reason. */
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
