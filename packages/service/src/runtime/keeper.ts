import { type Clock, type Registry, RegistryError, type ServiceInput } from '@rollcall/core';
import { createBackoff } from '@rollcall/core/adapter';
import { renewJitter } from '../defaults.ts';
import type { ServiceOptions } from '../service-options.ts';
import { withLossWatch } from './losses.ts';
import { RegisterCheck } from './register-check.ts';
import { asRegistryError } from './unexpected.ts';

/** An absence from the roll that is noticed only when it is over. */
export interface Loss {
  /** Upper bound of the absence, in milliseconds. */
  readonly sinceMs: number;
  readonly why: string;
}

/** What the loop reports to its runtime. */
export interface KeeperEvents {
  /** Called when the node is registered. `loss`: the node was absent from the roll since its last registration. */
  registered(loss: Loss | undefined): void;
  failed(error: RegistryError): void;
  /** Called when another process holds the id. Once the promise resolves, the loop checks whether the id is free. */
  conflict(error: RegistryError): Promise<void>;
}

/** What the loop keeps registered, and how. */
export interface KeeperOptions {
  readonly registry: Registry;
  readonly service: ServiceInput;
  /** The present service, asked before each later registration; must not reject. */
  readonly refresh?: ((current: ServiceInput) => Promise<ServiceInput>) | undefined;
  readonly ttlMs: number;
  readonly renewIntervalMs: number;
  readonly registerCheck: ServiceOptions['registerCheck'];
  readonly events: KeeperEvents;
  readonly clock: Clock;
}

/**
 * The loop: registers, again at every interval, soon after a failure, for ever. It never fights for a taken id: each
 * later register is a renewal, which the registry refuses as long as another process holds the id. The loop ends at
 * `stop()`.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #stopped = new AbortController();
  readonly #backoff: ReturnType<typeof createBackoff>;
  readonly #check: RegisterCheck | undefined;
  #cancelTimer = (): void => {};
  #running: Promise<unknown> = Promise.resolve();
  /** Whether this loop may have registered the node. */
  #mayBeRegistered = false;
  #isTaken = false;
  #service: ServiceInput;
  /** When the last acknowledged registration was sent. */
  #renewedAt: number | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#service = options.service;
    const { clock, renewIntervalMs, registerCheck } = options;
    this.#backoff = createBackoff({ clock, ceilingMs: renewIntervalMs });
    this.#check = registerCheck === undefined ? undefined : new RegisterCheck(registerCheck, clock);
  }

  /** Registers once now, and schedules the next registrations. Never rejects. */
  async begin(): Promise<RegistryError | undefined> {
    const first = this.#once();
    this.#running = first;
    return first;
  }

  /** Ends the loop and deregisters the node, unless another process holds it. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#cancelTimer();
    await this.#running;
    if (this.#mayBeRegistered) await this.#options.registry.deregister(this.#service);
  }

  async #once(): Promise<RegistryError | undefined> {
    const { renewIntervalMs, events } = this.#options;
    let loss: Loss | undefined;
    try {
      await this.#checked();
      loss = await this.#register();
    } catch (cause) {
      return await this.#failed(asRegistryError(cause));
    }
    this.#backoff.reset();
    if (this.#stopped.signal.aborted) return undefined;
    events.registered(loss);
    this.#schedule(earlier(renewIntervalMs));
    return undefined;
  }

  async #register(): Promise<Loss | undefined> {
    const { registry, clock, ttlMs, renewIntervalMs } = this.#options;
    // From here on the node may be listed, even if the answer is lost. Under a taken id the listed node belongs to
    // another process.
    this.#mayBeRegistered ||= !this.#isTaken;
    const sentAt = clock.now();
    const options = { ttlMs, renewIntervalMs, signal: this.#stopped.signal };
    const isLost = await withLossWatch(registry, this.#service, () => registry.register(this.#service, options));
    const before = this.#renewedAt;
    this.#renewedAt = sentAt;
    this.#mayBeRegistered = true;
    this.#isTaken = false;
    if (before === undefined) return undefined;
    const lateMs = sentAt - before - ttlMs;
    if (lateMs > 0)
      return {
        sinceMs: lateMs,
        why: 'this process was blocked or suspended for longer than the TTL (docs/service.md, heartbeat: worker)',
      };
    return isLost ? { sinceMs: sentAt - before, why: 'the registry had lost the node' } : undefined;
  }

  async #failed(error: RegistryError): Promise<RegistryError> {
    if (this.#stopped.signal.aborted) return error;
    if (error.code === 'CONFLICT') {
      this.#mayBeRegistered = false;
      this.#isTaken = true;
      await this.#options.events.conflict(error);
      this.#schedule(earlier(this.#options.renewIntervalMs));
    } else {
      this.#options.events.failed(error);
      this.#schedule(this.#backoff.next());
    }
    return error;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped.signal.aborted) return;
    this.#cancelTimer = this.#options.clock.setTimer(delayMs, () => {
      this.#running = this.#again();
    });
  }

  async #again(): Promise<void> {
    // A changed address is new content, which would be written over another holder, so it waits until the id is free.
    if (!this.#isTaken) this.#service = (await this.#options.refresh?.(this.#service)) ?? this.#service;
    if (!this.#stopped.signal.aborted) await this.#once();
  }

  /**
   * Callers must not find a service that fails its own check, so it is deregistered, and registered again when the
   * check passes.
   */
  async #checked(): Promise<void> {
    const failure = await this.#check?.run(this.#stopped.signal);
    if (failure === undefined) return;
    if (this.#mayBeRegistered) await this.#options.registry.deregister(this.#service);
    this.#mayBeRegistered = false;
    this.#renewedAt = undefined;
    throw new RegistryError('UNAVAILABLE', `registerCheck fails: ${failure}`);
  }
}

/** The jitter makes renewals earlier, never later. */
const earlier = (intervalMs: number): number => intervalMs * (1 - renewJitter * Math.random());
