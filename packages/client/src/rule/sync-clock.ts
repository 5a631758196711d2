/** Counts the time during which the registry was in sync; it stands still while the registry is lost. Pure in `now`. */
export class SyncClock {
  #beforeMs = 0;
  #sinceMs: number | undefined;

  get isInSync(): boolean {
    return this.#sinceMs !== undefined;
  }

  synced(nowMs: number): void {
    this.#sinceMs ??= nowMs;
  }

  interrupted(nowMs: number): void {
    this.#beforeMs = this.at(nowMs);
    this.#sinceMs = undefined;
  }

  at(nowMs: number): number {
    return this.#beforeMs + (this.#sinceMs === undefined ? 0 : nowMs - this.#sinceMs);
  }
}
