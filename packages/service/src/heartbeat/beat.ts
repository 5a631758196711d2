import type { Clock } from '@rollcall/core';

/** How often the main loop has run, shared between threads: a count, since threads have no clock in common that never jumps. */
export class Beat {
  readonly buffer: SharedArrayBuffer;
  readonly #count: Int32Array;

  /** `buffer` is the other thread's; without one it is made. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#count = new Int32Array(buffer);
  }

  /** The main loop runs. */
  strike(): void {
    Atomics.add(this.#count, 0, 1);
  }

  get count(): number {
    return Atomics.load(this.#count, 0);
  }
}

/** Whether the main loop lives, as the worker sees it each time it looks. */
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

  /** For how long the main loop has been silent, in milliseconds. */
  look(): number {
    const now = this.#clock.now();
    if (this.#beat.count !== this.#seen) this.#changedAt = now;
    this.#seen = this.#beat.count;
    return now - this.#changedAt;
  }
}
