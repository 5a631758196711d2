import type { Clock, RegistryError, ServiceNode } from '@rollcall/core';
import type { ServiceStatus } from '../service-options.ts';
import type { StatusLines } from '../status-lines.ts';
import type { Loss } from './keeper.ts';
import type { Listeners } from './listeners.ts';

/** Where a standing reports changes. */
export interface StandingContext {
  readonly lines: StatusLines;
  readonly listeners: Listeners;
  readonly clock: Clock;
}

/** Whether the service is registered. Reports each change as one line and one event. */
export class Standing {
  readonly #context: StandingContext;
  #status: ServiceStatus = 'idle';
  #wasRegistered = false;
  #isTaken = false;
  /** The time since which the service is not registered. */
  #lostAt: number | undefined;

  constructor(context: StandingContext) {
    this.#context = context;
  }

  get status(): ServiceStatus {
    return this.#status;
  }

  /** Whether the service has been registered since the start. */
  get wasRegistered(): boolean {
    return this.#wasRegistered;
  }

  begin(): void {
    this.#status = 'starting';
    this.#wasRegistered = false;
    this.#isTaken = false;
    this.#lostAt = this.#context.clock.now();
  }

  /** Ends a failed start. The service does not keep trying. */
  giveUp(): void {
    this.#status = 'idle';
  }

  drain(): void {
    this.#status = 'draining';
  }

  end(): void {
    this.#status = 'stopped';
    this.#context.listeners.emit('stopped');
  }

  /** Reports a registration. `loss`: an absence since the last registration that has not been reported yet. */
  registered(node: ServiceNode, loss: Loss | undefined): void {
    const { lines, listeners } = this.#context;
    if (this.#status === 'registered' && loss === undefined) return;
    if (this.#status === 'registered' && loss !== undefined) {
      lines.lost(loss);
      listeners.emit('unregistered', { sinceMs: loss.sinceMs });
    }
    this.#status = 'registered';
    this.#isTaken = false;
    lines.registered(node, this.#wasRegistered);
    this.#wasRegistered = true;
    this.#lostAt = undefined;
    listeners.emit('registered', node);
  }

  failed(error: RegistryError): void {
    const { lines, listeners, clock } = this.#context;
    const isNews = this.#status !== 'unregistered';
    this.#status = 'unregistered';
    this.#lostAt ??= clock.now();
    if (!isNews) return;
    const sinceMs = clock.now() - this.#lostAt;
    lines.unregistered(sinceMs, error);
    listeners.emit('unregistered', { sinceMs, error });
  }

  /** Another process holds the id, so the service waits until it is free, or stops. Each conflict is reported once. */
  taken(error: RegistryError, isWaiting: boolean): void {
    const { lines, listeners, clock } = this.#context;
    this.#isTaken = true;
    this.#status = 'unregistered';
    this.#lostAt ??= clock.now();
    lines.taken(error, isWaiting);
    listeners.emit('conflict', error);
  }

  get isTaken(): boolean {
    return this.#isTaken;
  }
}
