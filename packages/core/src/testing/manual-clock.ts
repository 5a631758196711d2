// The real `setImmediate` is imported now: a test may install fake timers later, and this clock must keep turning the
// real event loop.
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../contract.ts';

/** A clock that stands still until it is told to advance. */
export interface ManualClock extends Clock {
  /**
   * Moves time by `ms` (>= 0): fires due timers in order, each at its own time, and lets promises settle after each.
   */
  advance(ms: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A {@link ManualClock} at 0, its wall clock at 1 January 2026 UTC. */
export function manualClock(): ManualClock {
  const epoch = 1_767_225_600_000;
  const timers = new Set<Timer>();
  let now = 0;
  const nextDue = (until: number): Timer | undefined => {
    let first: Timer | undefined;
    // A set keeps the order of insertion, which decides between timers of the same time.
    for (const timer of timers) if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  };
  return {
    now: () => now,
    wallNow: () => epoch + now,
    setTimer(delayMs, callback) {
      const timer = { at: now + Math.max(0, delayMs), callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const until = now + ms;
      await setImmediate();
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        timers.delete(due);
        now = Math.max(now, due.at);
        due.callback();
        await setImmediate();
      }
      now = until;
      await setImmediate();
    },
  };
}
