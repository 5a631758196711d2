import type { Clock } from '@rollcall/core';

/** What bounds {@link withDeadline}. */
export interface Deadline {
  readonly clock: Clock;
  readonly ms: number;
  readonly signal: AbortSignal;
  /** What the work is aborted with when the time is over. */
  readonly reason: Error;
}

/** Runs `work` with a signal that aborts with the outer one, or with `reason` after `ms`. */
export async function withDeadline<T>(
  { clock, ms, signal, reason }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  const onAbort = (): void => inner.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const cancel = clock.setTimer(ms, () => inner.abort(reason));
  try {
    return await work(inner.signal);
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

/** Resolves after `ms`, or when the signal aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.setTimer(ms, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
