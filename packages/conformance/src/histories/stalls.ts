import { systemClock } from '@rollcall/core/adapter';
import { now } from '../kit/waiting.ts';

/** Between two looks at whether this process runs. Milliseconds. */
const lookMs = 20;
/** Timers of a process that runs are no later. Milliseconds. */
const punctualMs = 20;
/** For how long a stall is remembered: longer than anything that a history waits for. Milliseconds. */
const rememberedMs = 300_000;

/** Records when this process stood still: a check that was late for that reason says nothing about the registry. */
export class Stalls {
  /** The latest last. */
  #stalls: { readonly endedAt: number; readonly ms: number }[] = [];
  #dueAt = 0;
  #cancel: () => void;

  constructor() {
    this.#cancel = this.#arm();
  }

  /** How many milliseconds this process stood still since then. */
  sinceMs(since: number): number {
    let sum = Math.max(0, now() - this.#dueAt - punctualMs);
    for (let index = this.#stalls.length - 1; index >= 0; index -= 1) {
      const stall = this.#stalls[index];
      if (stall === undefined || stall.endedAt <= since) break;
      sum += Math.min(stall.ms, stall.endedAt - since);
    }
    return sum;
  }

  stop(): void {
    this.#cancel();
  }

  #arm(): () => void {
    this.#dueAt = now() + lookMs;
    return systemClock.setTimer(lookMs, () => {
      const endedAt = now();
      const ms = endedAt - this.#dueAt;
      if (ms > punctualMs) this.#stalls.push({ endedAt, ms });
      if ((this.#stalls[0]?.endedAt ?? endedAt) + 2 * rememberedMs < endedAt)
        this.#stalls = this.#stalls.filter((stall) => stall.endedAt + rememberedMs > endedAt);
      this.#cancel = this.#arm();
    });
  }
}
