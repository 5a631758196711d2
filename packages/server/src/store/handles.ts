import { randomInt } from 'node:crypto';

/**
 * Numbers for leases: the upper 21 bits are random per start, so that a handle of an earlier start is unknown and never
 * another's lease; the lower 32 count.
 */
export class Handles {
  readonly #base = randomInt(1, 2 ** 21) * 2 ** 32;
  #count = 0;

  next(): number {
    this.#count += 1;
    return this.#base + this.#count;
  }
}
