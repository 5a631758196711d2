import { onAbort, untilAborted } from '../adapter/abort.ts';
import type { Clock } from '../contract.ts';
import { RegistryError } from '../errors.ts';

/** What bounds one call. */
export interface ScopeOptions {
  readonly clock: Clock;
  readonly registry: string;
  /** The registry's name, for messages. */
  readonly operation: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Translates the reason of a caller's signal: a timeout signal is `TIMEOUT`, any other `ABORTED`. */
export function abortError(reason: unknown, operation: string, registry: string): RegistryError {
  if (RegistryError.is(reason)) return reason;
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError';
  const code = timedOut ? 'TIMEOUT' : 'ABORTED';
  return new RegistryError(code, `${operation} ${timedOut ? 'timed out' : 'was aborted'} by its signal`, {
    cause: reason,
    registry,
  });
}

/**
 * One call's life: its deadline, its caller's signal and the registry's close, joined. Caller and driver are separate:
 * at close the caller is answered at once, while a write under way may still finish.
 */
export class CallScope {
  readonly #caller = new AbortController();
  readonly #driver = new AbortController();
  readonly #cleanups: (() => void)[] = [];

  constructor({ clock, registry, operation, timeoutMs, signal }: ScopeOptions) {
    const message = `${operation} got no answer from the ${registry} registry within ${timeoutMs} ms`;
    const cancel = clock.setTimer(timeoutMs, () => this.abort(new RegistryError('TIMEOUT', message, { registry })));
    this.#cleanups.push(cancel);
    if (signal === undefined) return;
    this.#cleanups.push(onAbort(signal, () => this.abort(abortError(signal.reason, operation, registry))));
  }

  /** The signal that the driver sees. */
  get signal(): AbortSignal {
    return this.#driver.signal;
  }

  /** Throws the abort reason if the caller has its answer already. */
  throwIfOver(): void {
    this.#caller.signal.throwIfAborted();
  }

  /** Answers the caller and lets the driver go on. */
  abandon(reason: RegistryError): void {
    this.#caller.abort(reason);
  }

  abort(reason: RegistryError): void {
    this.#caller.abort(reason);
    this.#driver.abort(reason);
  }

  /**
   * Settles as `work` does, or rejects with the abort reason at once, which says more than the error of an aborted
   * driver.
   */
  race<T>(work: Promise<T>): Promise<T> {
    return untilAborted(this.#caller.signal, work);
  }

  end(): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }
}
