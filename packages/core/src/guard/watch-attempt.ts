import { onAbort } from '../adapter/abort.ts';
import type { DriverCall } from '../adapter/driver.ts';
import type { Backoff } from '../backoff.ts';
import type { Clock } from '../contract.ts';
import { relistIntervalMs, stableAfterMs } from '../defaults.ts';
import { RegistryError } from '../errors.ts';
import type { FeedContext } from './feed-context.ts';

/**
 * The signal and the timers of one connection: the deadline of its first sign of life, and the time of the next
 * snapshot.
 */
export class WatchAttempt {
  readonly call: DriverCall;
  ended = false;
  renewing = false;
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #letGo: () => void;
  #cancelFirstSign: (() => void) | undefined;
  #cancelRelist: (() => void) | undefined;
  #cancelStable: (() => void) | undefined;

  constructor({ clock, logger, timeoutMs, driver }: FeedContext, stop: AbortSignal) {
    this.#clock = clock;
    this.call = { signal: this.#controller.signal, logger };
    this.#letGo = onAbort(stop, () => this.#controller.abort());
    const message = `watch got no answer from the ${driver.name} registry within ${timeoutMs} ms`;
    this.#cancelFirstSign = clock.setTimer(timeoutMs, () =>
      this.#controller.abort(new RegistryError('TIMEOUT', message, { registry: driver.name })),
    );
  }

  /** Notes a sign of life on this connection. */
  alive(backoff: Backoff): void {
    if (this.#cancelFirstSign === undefined) return;
    this.#cancelFirstSign();
    this.#cancelFirstSign = undefined;
    this.#cancelStable = this.#clock.setTimer(stableAfterMs, () => backoff.reset());
    // The times are spread, so that many watchers do not list in step.
    this.#cancelRelist = this.#clock.setTimer(relistIntervalMs * (0.9 + 0.2 * Math.random()), () => {
      this.renewing = true;
      this.#controller.abort();
    });
  }

  end(): void {
    this.ended = true;
    this.#cancelFirstSign?.();
    this.#cancelRelist?.();
    this.#cancelStable?.();
    this.#letGo();
  }
}
