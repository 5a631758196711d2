import type { Clock } from '@rollcall/core';
import { untilAborted, withDeadline } from '@rollcall/core/adapter';
import { checkTimeoutMs } from '../defaults.ts';
import type { ServiceOptions } from '../service-options.ts';

/** The user's `registerCheck`, bounded: a check that hangs has failed. */
export class RegisterCheck {
  readonly #check: NonNullable<ServiceOptions['registerCheck']>;
  readonly #clock: Clock;

  constructor(check: NonNullable<ServiceOptions['registerCheck']>, clock: Clock) {
    this.#check = check;
    this.#clock = clock;
  }

  /** Undefined when the check passes, else what is wrong. Never rejects. */
  async run(signal: AbortSignal): Promise<string | undefined> {
    const reason = new Error(`it did not answer within ${checkTimeoutMs} ms`);
    const check = (inner: AbortSignal): Promise<void> =>
      untilAborted(
        inner,
        Promise.resolve().then(() => this.#check(inner)),
      );
    try {
      await withDeadline({ clock: this.#clock, ms: checkTimeoutMs, signal, reason }, check);
      return undefined;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      return why === '' ? 'it rejected without a message' : why;
    }
  }
}
