/** What hears how the store does. */
export interface StoreObserver {
  /** A group is on disk, after so many milliseconds. */
  synced(ms: number): void;
  /** The store cannot be written from now on. */
  unwritable(): void;
  /** It can be written again. */
  writable(): void;
}
