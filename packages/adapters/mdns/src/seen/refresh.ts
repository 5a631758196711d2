/** Pure: when to ask for a known instance, and when to count it as gone. */
import { believeMs, doubtMs, graceMs, lastChanceStepMs, refreshAt } from '../mdns-options.ts';

/** The next check: when, in milliseconds after it was heard. `gone`: the instance is given up. */
export interface Check {
  readonly afterMs: number;
  readonly gone: boolean;
  /** Asks for a unicast answer: no other host needs it, and the limit on multicast answers does not delay it. */
  readonly unicast: boolean;
}

/**
 * The check after this many unanswered questions. A watched instance is asked for from four fifths of its TTL on, until
 * a little beyond its end; any other instance ends with its TTL.
 *
 * @param jitter In [0, 1), so that many watchers of one node do not ask in step (RFC 6762, 5.2).
 */
export function nextCheck(ttlMs: number, asked: number, watched: boolean, jitter: number): Check {
  if (!watched) return { afterMs: ttlMs, gone: true, unicast: false };
  const last = refreshAt.length - 1;
  const part = refreshAt[Math.min(asked, last)] ?? 1;
  const spread = asked < last ? 0.02 * jitter : 0;
  const afterMs = ttlMs * (part + spread) + Math.max(0, asked - last) * lastChanceStepMs;
  const end = ttlMs + graceMs;
  return afterMs >= end
    ? { afterMs: end, gone: true, unicast: false }
    : { afterMs, gone: false, unicast: asked >= last };
}

/** The check of a goodbye, in milliseconds after it. A goodbye may be forged, so its announcer is asked first. */
export function nextDoubt(asked: number): Check {
  const afterMs = doubtMs[asked];
  return afterMs === undefined
    ? { afterMs: believeMs, gone: true, unicast: true }
    : { afterMs, gone: false, unicast: true };
}
