import type { Clock } from './contract.ts';
import { backoffCapMs, backoffFirstMs, backoffLongCapMs, backoffLongOutageMs } from './defaults.ts';

/** Delays between attempts during one outage. */
export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  /** Ends an outage: the next delay is the first again. */
  reset(): void;
}

/** Options of {@link createBackoff}. */
export interface BackoffOptions {
  /** Source of time. */
  readonly clock: Clock;
  /** Random numbers in [0, 1); default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Upper bound of each delay, in milliseconds: the renew interval of the waiting caller. */
  readonly ceilingMs?: number | undefined;
}

/**
 * Exponential from 100 ms, capped at 1 s, and at 5 s after a minute of outage. The upper half of each delay is random,
 * so that many processes that lost one backend do not come back in step.
 */
export function createBackoff({
  clock,
  random = Math.random,
  ceilingMs = Number.POSITIVE_INFINITY,
}: BackoffOptions): Backoff {
  let attempts = 0;
  let since = 0;
  return {
    next() {
      if (attempts === 0) since = clock.now();
      const cap = clock.now() - since >= backoffLongOutageMs ? backoffLongCapMs : backoffCapMs;
      // The exponent is bounded so that a long outage does not overflow.
      const delay = Math.min(cap, backoffFirstMs * 2 ** Math.min(attempts, 16), ceilingMs);
      attempts += 1;
      return delay / 2 + (delay / 2) * random();
    },
    reset() {
      attempts = 0;
    },
  };
}
