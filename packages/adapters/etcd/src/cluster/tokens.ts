import { type Clock, RegistryError } from '@rollcall/core';
import { untilAborted, withDeadline } from '@rollcall/core/adapter';
import { saysAuthenticationIsOff } from '../etcd-error.ts';
import { authenticateTimeoutMs } from '../etcd-options.ts';

/** Asks etcd for a token of the user. */
export type Authenticate = (signal: AbortSignal) => Promise<string>;

/** The token of a user with one member, requested when it is first needed and after a refusal. */
export class Tokens {
  readonly #authenticate: Authenticate | undefined;
  readonly #clock: Clock;
  #current: Promise<string | undefined> | undefined;
  /** The last token that etcd gave; null while none is known. */
  #known: string | undefined | null = null;

  /** @param authenticate Undefined: there is no user. */
  constructor(authenticate: Authenticate | undefined, clock: Clock) {
    this.#authenticate = authenticate;
    this.#clock = clock;
  }

  /** The token. Undefined without a user, or while etcd's authentication is off. Simultaneous calls share one request. */
  async get(signal: AbortSignal): Promise<string | undefined> {
    if (this.#authenticate === undefined) return undefined;
    this.#current ??= this.#ask(this.#authenticate);
    return untilAborted(signal, this.#current);
  }

  /** etcd refused the token. Returns whether another one may exist. */
  drop(token: string | undefined): boolean {
    if (this.#authenticate === undefined) return false;
    // A call that began earlier must not drop the token of a later call.
    if (this.#known !== token) return true;
    this.#current = undefined;
    this.#known = null;
    return true;
  }

  async #ask(authenticate: Authenticate): Promise<string | undefined> {
    const reason = new RegistryError('TIMEOUT', `etcd gave no token within ${authenticateTimeoutMs} ms`);
    let token: string | undefined;
    try {
      token = await withDeadline({ clock: this.#clock, ms: authenticateTimeoutMs, reason }, authenticate);
    } catch (cause) {
      if (!saysAuthenticationIsOff(cause)) {
        this.#current = undefined;
        throw cause;
      }
      // Goes on without a token, as etcd's own client does: a user may be configured before authentication is switched
      // on.
    }
    this.#known = token;
    return token;
  }
}
