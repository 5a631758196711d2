import { systemClock } from '@rollcall/core/adapter';
import { now, pause } from '../kit/waiting.ts';

/** Pause between two checks whether this process runs. Milliseconds. */
const lookMs = 20;
/** Timers of a running process are late by at most this. Milliseconds. */
const punctualMs = 20;
/** For how long a stall matters. Milliseconds. */
const recentMs = 5_000;
/** A process that stood still for this part of the window counts as starved. */
const mostStalled = 0.25;
/** How often a history that cannot be judged is played again. */
const attempts = 3;
/** How long to wait for a starved process to recover. Milliseconds. */
const patienceMs = 30_000;
/** For how long a stall is remembered: longer than any wait of a history. Milliseconds. */
const rememberedMs = 300_000;

/** Records when this process stood still, because a check that was late for that reason says nothing about the registry. */
export class Stalls {
  /** The stalls; the latest comes last. */
  #stalls: { readonly endedAt: number; readonly ms: number }[] = [];
  #dueAt = 0;
  #cancel: () => void;

  constructor() {
    this.#cancel = this.#arm();
  }

  /** The milliseconds for which this process has stood still since a time. */
  sinceMs(since: number): number {
    let sum = Math.max(0, now() - this.#dueAt - punctualMs);
    for (let index = this.#stalls.length - 1; index >= 0; index -= 1) {
      const stall = this.#stalls[index];
      if (stall === undefined || stall.endedAt <= since) break;
      sum += Math.min(stall.ms, stall.endedAt - since);
    }
    return sum;
  }

  /** Whether the process stood still for so much of the last seconds that it has lost packets. */
  get isStarved(): boolean {
    return this.sinceMs(now() - recentMs) > recentMs * mostStalled;
  }

  /** Waits until the process runs again, for a limited time. */
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

/**
 * Says that a broken rule proves nothing: this process was starved, and the backend loses the packets that a starved
 * process does not read.
 */
export class Unjudged extends Error {
  override readonly name = 'Unjudged';
}

/** The histories of one call, some of which cannot be judged. */
export class Judgement {
  readonly stalls: Stalls = new Stalls();
  #played = 0;
  #unjudged = 0;

  /** Plays a history. If it cannot be judged, plays it again when the process has recovered. */
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
      `${this.#unjudged} of ${this.#played} histories could not be judged, because this process stood still too often: run fewer together, or on a machine with less load`,
    );
  }
}
