/** The epochs of one server that this object has heard of. A start without the earlier roll has an epoch of its own. */
export class Epochs {
  readonly #heard = new Set<string>();

  /** Notes the epoch of an answer. */
  note(epoch: unknown): void {
    if (typeof epoch !== 'string') return;
    this.#heard.delete(epoch);
    this.#heard.add(epoch);
    // Two epochs are enough to tell whether another one came before the present one.
    for (const old of this.#heard) if (this.#heard.size > 2) this.#heard.delete(old);
  }

  /** Whether this object has spoken to an earlier start of the server than the one of `epoch`. */
  hadEarlier(epoch: string): boolean {
    return this.#heard.size > 1 || (this.#heard.size === 1 && !this.#heard.has(epoch));
  }
}
