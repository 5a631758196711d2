/** How many events there were in the last minute, in buckets of a second. */
export class MinuteCounter {
  readonly #buckets = new Array<number>(60).fill(0);
  #second = 0;

  add(now: number): void {
    this.#moveTo(now);
    const index = this.#second % 60;
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
  }

  lastMinute(now: number): number {
    this.#moveTo(now);
    return this.#buckets.reduce((sum, count) => sum + count, 0);
  }

  #moveTo(now: number): void {
    const second = Math.floor(now / 1_000);
    for (let next = Math.max(this.#second + 1, second - 59); next <= second; next += 1) this.#buckets[next % 60] = 0;
    this.#second = Math.max(this.#second, second);
  }
}
