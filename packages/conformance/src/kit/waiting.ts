import { AssertionError } from 'node:assert/strict';
import { systemClock } from '@rollcall/core/adapter';
import { firstPollMs, longestPollMs } from '../defaults.ts';

/** Monotonic milliseconds. */
export const now = (): number => systemClock.now();

/** Waits for real time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.setTimer(ms, resolve));
}

/** Settles as `work` does, or fails after `ms`, so that no registry can hang a case. */
export async function within<T>(what: string, ms: number, work: PromiseLike<T>): Promise<T> {
  let cancel = (): void => {};
  const late = new Promise<never>((_, reject) => {
    cancel = systemClock.setTimer(ms, () =>
      reject(new AssertionError({ message: `${what}: not within ${Math.round(ms)} ms` })),
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}

/** Repeats `check` until it does not throw; after `ms` throws its last error. */
export async function eventually<T>(what: string, ms: number, check: () => T | Promise<T>): Promise<T> {
  const deadline = now() + ms;
  let last: unknown = new Error('the check did not end');
  for (let delay = firstPollMs; ; delay = Math.min(delay * 2, longestPollMs)) {
    const looking = Promise.resolve()
      .then(check)
      .catch((cause: unknown) => {
        last = cause;
        throw cause;
      });
    try {
      return await within(what, Math.max(deadline - now(), 1), looking);
    } catch {
      if (now() + delay >= deadline) throw notWithin(what, ms, last);
    }
    await pause(delay);
  }
}

function notWithin(what: string, ms: number, cause: unknown): AssertionError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const error = new AssertionError({ message: `${what}: not within ${Math.round(ms)} ms; at last: ${reason}` });
  error.cause = cause;
  return error;
}
