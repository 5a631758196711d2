import { systemClock } from '@rollcall/core/adapter';
import { now, pause } from '../kit/waiting.ts';

/** Between two looks at whether this process runs. Milliseconds. */
const lookMs = 20;
/** Timers of a process that runs are no later. Milliseconds. */
const punctualMs = 20;
/** How far back it matters that a process stood still. Milliseconds. */
const recentMs = 5_000;
/** Part of that time after which a process is called starved. */
const mostStalled = 0.25;
/** How often a history is played that cannot be judged. */
const attempts = 3;
/** How long a starved process is waited for. Milliseconds. */
const patienceMs = 30_000;
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

  /** Whether it stood still for so much of the last seconds that packets to it were lost. */
  get isStarved(): boolean {
    return this.sinceMs(now() - recentMs) > recentMs * mostStalled;
  }

  /** Waits until it runs again, not for ever. */
  async calm(): Promise<void> {
    for (const until = now() + patienceMs; this.isStarved && now() < until; ) await pause(lookMs);
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

/** A rule was broken while this process was starved, on a backend that loses what a starved process does not read. */
export class Unjudged extends Error {
  override readonly name = 'Unjudged';
}

/** The histories of one call, of which some may not be judged. */
export class Judgement {
  readonly stalls: Stalls = new Stalls();
  #played = 0;
  #unjudged = 0;

  /** Plays a history; again, when it is calm, where it cannot be judged. */
  async play(history: () => Promise<void>): Promise<void> {
    this.#played += 1;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await history();
      } catch (error) {
        if (!(error instanceof Unjudged)) throw error;
        if (attempt === attempts) break;
      }
      await this.stalls.calm();
    }
    this.#unjudged += 1;
  }

  /** Throws when too few histories could be judged to say anything. */
  end(): void {
    this.stalls.stop();
    if (this.#unjudged * 2 <= this.#played) return;
    throw new Error(
      `${this.#unjudged} of ${this.#played} histories could not be judged: this process stood still too often`,
    );
  }
}
