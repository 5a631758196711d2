import type { Logger } from './contract.ts';

/** So many are remembered; whoever fills a backend with junk must not fill our memory. */
const remembered = 1_000;

/** What others wrote and nobody can use: each is logged once, however often it is read. */
export class SkippedEntries {
  readonly #told = new Set<string>();

  /** `key` says which one to the backend's operator. */
  tell(logger: Logger, key: string, reason: string): void {
    if (this.#told.has(key)) return;
    if (this.#told.size >= remembered) this.#told.clear();
    this.#told.add(key);
    logger.warn({ key, reason }, 'skipped an entry that cannot be used');
  }
}
