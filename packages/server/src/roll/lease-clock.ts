import type { Clock } from '@rollcall/core';
import { pauseAfterMs, pauseCheckMs } from '../server-options.ts';

/**
 * Monotonic time that stands still while the process does not run (SIGSTOP, suspend, a blocked event loop): nobody
 * could renew then, so nobody may expire by it.
 */
export class LeaseClock {
  readonly #clock: Clock;
  #seenAt: number;
  #paused = 0;
  #cancel: () => void;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#seenAt = clock.now();
    this.#cancel = clock.setTimer(pauseCheckMs, () => this.#check());
  }

  now(): number {
    const real = this.#clock.now();
    const gap = real - this.#seenAt;
    if (gap > pauseAfterMs) this.#paused += gap - pauseCheckMs;
    this.#seenAt = real;
    return real - this.#paused;
  }

  stop(): void {
    this.#cancel();
  }

  #check(): void {
    this.now();
    this.#cancel = this.#clock.setTimer(pauseCheckMs, () => this.#check());
  }
}
