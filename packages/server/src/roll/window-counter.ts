const bucketCount = 60;

/** Counts the events within a window of time, in sixty buckets. */
export class WindowCounter {
  readonly #bucketMs: number;
  readonly #buckets = new Array<number>(bucketCount).fill(0);
  #bucket = 0;

  /** `windowMs`: the length of the window. Milliseconds. */
  constructor(windowMs: number) {
    this.#bucketMs = windowMs / bucketCount;
  }

  add(now: number): void {
    this.#moveTo(now);
    const index = this.#bucket % bucketCount;
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
  }

  count(now: number): number {
    this.#moveTo(now);
    return this.#buckets.reduce((sum, count) => sum + count, 0);
  }

  #moveTo(now: number): void {
    const bucket = Math.floor(now / this.#bucketMs);
    const oldest = bucket - bucketCount + 1;
    for (let next = Math.max(this.#bucket + 1, oldest); next <= bucket; next += 1)
      this.#buckets[next % bucketCount] = 0;
    this.#bucket = Math.max(this.#bucket, bucket);
  }
}
