import type { Clock } from '@rollcall/core';

/** The threads that share a beat. */
export type Side = 'main' | 'worker';

const slots: Readonly<Record<Side, number>> = { main: 0, worker: 1 };

/** Counts how often each of two threads has run. Counts serve as time, because the threads share no clock that never jumps. */
export class Beat {
  readonly buffer: SharedArrayBuffer;
  readonly #counts: Int32Array;
  readonly #own: number;

  /** `buffer` comes from the other thread; without one, a new one is made. */
  constructor(side: Side, buffer: SharedArrayBuffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#counts = new Int32Array(buffer);
    this.#own = slots[side];
  }

  /** Signals the other thread that this one runs. */
  strike(): void {
    Atomics.add(this.#counts, this.#own, 1);
  }

  /** How often the other thread has run. */
  get count(): number {
    return Atomics.load(this.#counts, 1 - this.#own);
  }
}

/** Whether the main loop lives, as the worker judges it at each look. */
export class Pulse {
  readonly #beat: Beat;
  readonly #clock: Clock;
  #seen: number;
  #changedAt: number;

  constructor(beat: Beat, clock: Clock) {
    this.#beat = beat;
    this.#clock = clock;
    this.#seen = beat.count;
    this.#changedAt = clock.now();
  }

  /** The milliseconds for which the main loop has been silent. */
  look(): number {
    const now = this.#clock.now();
    if (this.#beat.count !== this.#seen) this.#changedAt = now;
    this.#seen = this.#beat.count;
    return now - this.#changedAt;
  }
}
