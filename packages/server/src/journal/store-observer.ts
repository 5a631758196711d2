/** Hears about the health of the store. */
export interface StoreObserver {
  /** Called when a group is on disk. `ms`: the time that its write took. */
  synced(ms: number): void;
  /** Called when the store can no longer be written. */
  unwritable(): void;
  /** Called when the store can be written again. */
  writable(): void;
}
