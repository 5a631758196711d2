import { type Clock, type Registry, RegistryError, type ServiceInput } from '@rollcall/core';
import { createBackoff, systemClock } from '@rollcall/core/adapter';
import { checkTimeoutMs, renewJitter } from './defaults.ts';
import type { ServiceOptions } from './service-options.ts';

/** What keeps a service on the roll tells its runtime. */
export interface KeeperEvents {
  registered(): void;
  failed(error: RegistryError): void;
  conflict(error: RegistryError): void;
}

/** What is kept, and how. */
export interface KeeperOptions {
  readonly registry: Registry;
  readonly service: ServiceInput;
  /** The service as it is now, asked before each later registration; must not reject. */
  readonly refresh?: ((current: ServiceInput) => Promise<ServiceInput>) | undefined;
  readonly ttlMs: number;
  readonly renewIntervalMs: number;
  readonly registerCheck: ServiceOptions['registerCheck'];
  readonly events: KeeperEvents;
  readonly clock?: Clock | undefined;
}

/** The loop: register, again at every interval, soon after a failure, for ever; ends at `stop()` or at a conflict. */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  readonly #backoff: ReturnType<typeof createBackoff>;
  #cancelTimer = (): void => {};
  #running: Promise<void> | undefined;
  #onRoll = false;
  #service: ServiceInput;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#service = options.service;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = createBackoff({ clock: this.#clock, ceilingMs: options.renewIntervalMs });
  }

  /** One registration now; the next are scheduled. Never rejects. */
  async begin(): Promise<RegistryError | undefined> {
    let failure: RegistryError | undefined;
    this.#running = this.#once().then((error) => {
      failure = error;
    });
    await this.#running;
    return failure;
  }

  /** Ends the loop and takes the node off the roll, unless another holds it. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#cancelTimer();
    await this.#running;
    if (this.#onRoll) await this.#options.registry.deregister(this.#service);
  }

  async #once(): Promise<RegistryError | undefined> {
    const { registry, ttlMs, renewIntervalMs, events } = this.#options;
    try {
      await this.#check();
      // From here on it may be there, also when the answer is lost.
      this.#onRoll = true;
      await registry.register(this.#service, { ttlMs, renewIntervalMs, signal: this.#stopped.signal });
    } catch (cause) {
      return this.#failed(RegistryError.is(cause) ? cause : new RegistryError('INTERNAL', String(cause), { cause }));
    }
    this.#backoff.reset();
    if (this.#stopped.signal.aborted) return undefined;
    events.registered();
    // Early, never late.
    this.#schedule(renewIntervalMs * (1 - renewJitter * Math.random()));
    return undefined;
  }

  #failed(error: RegistryError): RegistryError {
    if (this.#stopped.signal.aborted) return error;
    if (error.code === 'CONFLICT') {
      this.#onRoll = false;
      this.#options.events.conflict(error);
    } else {
      this.#options.events.failed(error);
      this.#schedule(this.#backoff.next());
    }
    return error;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped.signal.aborted) return;
    this.#cancelTimer = this.#clock.setTimer(delayMs, () => {
      this.#running = this.#again();
    });
  }

  async #again(): Promise<void> {
    this.#service = (await this.#options.refresh?.(this.#service)) ?? this.#service;
    if (!this.#stopped.signal.aborted) await this.#once();
  }

  /** A service that fails its own check must not be found: it is taken off and comes back when the check passes. */
  async #check(): Promise<void> {
    const { registerCheck, registry } = this.#options;
    if (registerCheck === undefined) return;
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(checkTimeoutMs)]);
    const ended = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    );
    ended.catch(() => {});
    try {
      await Promise.race([Promise.resolve().then(() => registerCheck(signal)), ended]);
    } catch (cause) {
      if (this.#onRoll) await registry.deregister(this.#service);
      this.#onRoll = false;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new RegistryError('UNAVAILABLE', `registerCheck fails: ${why}`, { cause });
    }
  }
}
