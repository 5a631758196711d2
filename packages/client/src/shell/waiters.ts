import type { Clock } from '@rollcall/core';
import { holdProcess, onAbort } from '@rollcall/core/adapter';

/** Callers that wait for a condition of a service. */
export class Waiters {
  readonly #checks = new Set<() => void>();

  /** Call it at every change: waiters look again. */
  check(): void {
    for (const check of [...this.#checks]) check();
  }

  /**
   * Resolves with true when `isTrue`, or with false after `ms`; rejects with the signal's reason. Keeps the process
   * alive meanwhile, since a caller waits.
   */
  until(isTrue: () => boolean, clock: Clock, ms: number, signal?: AbortSignal): Promise<boolean> {
    if (isTrue()) return Promise.resolve(true);
    const release = holdProcess();
    return new Promise<boolean>((resolve, reject) => {
      let stop = (): void => {};
      const end = (settle: () => void): void => {
        this.#checks.delete(check);
        cancel();
        stop();
        settle();
      };
      const check = (): void => {
        if (isTrue()) end(() => resolve(true));
      };
      const cancel = clock.setTimer(ms, () => end(() => resolve(false)));
      this.#checks.add(check);
      if (signal !== undefined) stop = onAbort(signal, () => end(() => reject(signal.reason)));
    }).finally(release);
  }
}
