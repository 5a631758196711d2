import type { Logger, SkippedEntry, SkippedSummary } from './contract.ts';

/** How many skipped records are remembered, so that a backend full of junk does not fill the memory. */
const remembered = 1_000;

/** How many skipped records a summary names. */
const named = 10;

/** Records of other writers that cannot be read as a node: each is logged once, counted once and named in a summary. */
export class SkippedEntries {
  readonly #told = new Set<string>();
  readonly #examples = new Map<string, SkippedEntry>();
  #count = 0;

  /** `key` names the record in the terms of the backend's operator. */
  tell(logger: Logger, key: string, reason: string): void {
    if (this.#told.has(key)) return;
    if (this.#told.size >= remembered) this.#told.clear();
    this.#told.add(key);
    this.#count += 1;
    if (this.#examples.size < named) this.#examples.set(key, Object.freeze({ key, reason }));
    logger.warn({ key, reason }, `skipped the entry ${key} of another program, which cannot be used: ${reason}`);
  }

  /** The records skipped since the start. Beyond 1,000 records the count may include some of them twice. */
  get summary(): SkippedSummary {
    return { count: this.#count, examples: [...this.#examples.values()] };
  }
}
