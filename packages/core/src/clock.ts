import type { Clock } from './contract.ts';

/** Longest delay that Node's timers take; above it they fire at once. */
const maxDelayMs = 2 ** 31 - 1;

function unref(timer: NodeJS.Timeout): NodeJS.Timeout {
  // Fake timers of a user's test may hand out a number.
  timer.unref?.();
  return timer;
}

/**
 * The real clock. It looks up the global timers at each call, so that users' fake timers work. Its timers never keep
 * the process alive; {@link holdProcess} does that.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(delayMs, callback) {
    const timer = unref(setTimeout(callback, Math.min(Math.max(0, delayMs), maxDelayMs)));
    return () => clearTimeout(timer);
  },
};

/** Keeps the process alive until released: while a call is in flight, or a consumer waits for an event. */
export function holdProcess(): () => void {
  const timer = setInterval(() => {}, maxDelayMs);
  return () => clearInterval(timer);
}
