import { retryReserve, retryWindowMs } from '../defaults.ts';

/** How many seconds are counted, each for itself. */
const buckets = 10;
const bucketMs = retryWindowMs / buckets;

/**
 * The retry budget: repeats and hedges that may reach a server are at most `share` x calls of the last 10 s + 10, so
 * that a client never multiplies the load of a service in trouble. Pure in `now`.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #calls = new Array<number>(buckets).fill(0);
  readonly #repeats = new Array<number>(buckets).fill(0);
  #bucket = 0;

  /** 0: no repeat at all. */
  constructor(share: number) {
    this.#share = share;
  }

  /** Whether the budget ever allows a repeat that may reach a server. */
  get isOn(): boolean {
    return this.#share > 0;
  }

  /** Counts a call. */
  call(nowMs: number): void {
    this.#turn(nowMs);
    this.#add(this.#calls);
  }

  /** Takes one repeat out of the budget; false: there is none left. */
  take(nowMs: number): boolean {
    this.#turn(nowMs);
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    if (!this.isOn || sum(this.#repeats) >= this.#share * sum(this.#calls) + retryReserve) return false;
    this.#add(this.#repeats);
    return true;
  }

  #add(counts: number[]): void {
    const index = this.#bucket % buckets;
    counts[index] = (counts[index] ?? 0) + 1;
  }

  #turn(nowMs: number): void {
    const bucket = Math.floor(nowMs / bucketMs);
    const passed = Math.min(buckets, bucket - this.#bucket);
    for (let step = 1; step <= passed; step += 1) {
      const index = (bucket - passed + step) % buckets;
      this.#calls[index] = 0;
      this.#repeats[index] = 0;
    }
    this.#bucket = bucket;
  }
}
