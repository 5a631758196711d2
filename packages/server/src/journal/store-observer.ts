/** Hears about the health of the store. */
export interface StoreObserver {
  /** A group is on disk, after this many milliseconds. */
  synced(ms: number): void;
  /** The store can no longer be written. */
  unwritable(): void;
  /** The store can be written again. */
  writable(): void;
}
