import type { Clock } from '@rollcall/core';
import { pauseAfterMs, pauseCheckMs } from '../server-options.ts';

/**
 * Monotonic time that stands still while the process does not run (SIGSTOP, suspend). No client can renew then, so no
 * lease may expire by that time. A busy process does run, so a request that keeps it busy cannot delay expiry: only the
 * part of a gap that the process did not spend computing counts as a pause, plus a moment for reading the renewals that
 * wait. Its times are whole milliseconds, since V8 stores a whole number in the object of an instance, without a box.
 */
export class LeaseClock {
  readonly #clock: Clock;
  readonly #cpuTimeMs: () => number;
  #seenAt: number;
  #cpuAt: number;
  #paused = 0;
  #cancel: () => void;

  /** `cpuTimeMs`: the time that the process has spent computing. */
  constructor(clock: Clock, cpuTimeMs: () => number) {
    this.#clock = clock;
    this.#cpuTimeMs = cpuTimeMs;
    this.#seenAt = clock.now();
    this.#cpuAt = cpuTimeMs();
    this.#cancel = clock.setTimer(pauseCheckMs, () => this.#check());
  }

  now(): number {
    const real = this.#clock.now();
    const gap = real - this.#seenAt;
    if (gap > pauseAfterMs) {
      const busy = this.#cpuTimeMs() - this.#cpuAt;
      // At least a moment, in which the renewals that arrived meanwhile are read; at most the gap without one interval.
      this.#paused += Math.min(gap - pauseCheckMs, Math.max(pauseCheckMs, gap - busy));
    }
    this.#seenAt = real;
    return Math.floor(real - this.#paused);
  }

  stop(): void {
    this.#cancel();
  }

  #check(): void {
    this.now();
    this.#cpuAt = this.#cpuTimeMs();
    this.#cancel = this.#clock.setTimer(pauseCheckMs, () => this.#check());
  }
}
