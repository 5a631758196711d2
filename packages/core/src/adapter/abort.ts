/**
 * Signals and deadlines. Every timer comes from the injected clock; every derived signal has a controller of its own.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../contract.ts';

/**
 * Calls `listener` once at the abort, or now if the signal is aborted already. Returns a function that stops listening.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => {};
  }
  // One signal may bound a call of many nodes, so more than ten listeners are normal, although Node warns of a leak.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => void onAbort(signal, resolve));
}

/** Settles as `work` does, or rejects with the signal's reason at once, whatever `work` does then. */
export function untilAborted<T>(signal: AbortSignal, work: PromiseLike<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => reject(signal.reason));
    work.then(
      (value) => {
        stop();
        resolve(value);
      },
      (cause: unknown) => {
        stop();
        reject(cause);
      },
    );
  });
}

/** Runs `work` with a signal that aborts with the first of `signals`, and lets go of them when `work` has settled. */
export async function withFirstOf<T>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  const stops = signals.map((signal) => onAbort(signal, () => inner.abort(signal.reason)));
  try {
    return await work(inner.signal);
  } finally {
    for (const stop of stops) stop();
  }
}

/** Resolves after `ms`; rejects with the signal's reason. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let stop = (): void => {};
    const cancel = clock.setTimer(ms, () => {
      stop();
      resolve();
    });
    stop = onAbort(signal, () => {
      cancel();
      reject(signal.reason);
    });
  });
}

/** What bounds {@link withDeadline}. */
export interface Deadline {
  /** Source of time. */
  readonly clock: Clock;
  /** Milliseconds. */
  readonly ms: number;
  /** Ends the work before the deadline. */
  readonly signal?: AbortSignal | undefined;
  /** The abort reason when the time is over. */
  readonly reason: Error;
}

/**
 * Runs `work` with a signal that aborts with the outer one, or with `reason` after `ms`. Settles as `work` does: work
 * that ignores its signal is bounded by {@link untilAborted}. The same job by `AbortSignal.any` and
 * `AbortSignal.timeout` loses its timer at a garbage collection on Node 20.
 */
export async function withDeadline<T>(
  { clock, ms, signal, reason }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  const cancel = clock.setTimer(ms, () => inner.abort(reason));
  const stop = signal === undefined ? undefined : onAbort(signal, () => inner.abort(signal.reason));
  try {
    return await work(inner.signal);
  } finally {
    cancel();
    stop?.();
  }
}
