import type { Clock } from '../contract.ts';
import { failoverAfterMs, retryAfterCapMs, shunnedMs } from '../defaults.ts';
import { RegistryError } from '../errors.ts';
import { pause, withDeadline } from './abort.ts';

/** What {@link Failover} is made of. */
export interface FailoverOptions<T> {
  /** At least one target; the first is asked first. */
  readonly targets: readonly T[];
  /** Source of time. */
  readonly clock: Clock;
  /** Whether another target may succeed after this failure. */
  readonly isUnreachable: (cause: unknown) => boolean;
  /** The target's name in the error that it did not answer in time. */
  readonly describe?: ((target: T) => string) | undefined;
}

/**
 * Several endpoints of one backend. Calls go to the target that answered last. A target that fails, or is silent for
 * {@link failoverAfterMs}, gives way to the next target and is asked last for {@link shunnedMs}. The last target of a
 * round has the rest of the call. If it refuses at once, the first silent target has the rest, so that a slow backend
 * is not taken for a dead one.
 */
export class Failover<T> {
  /** Every target, in the configured order. */
  readonly targets: readonly T[];
  readonly #options: FailoverOptions<T>;
  /** The time until which a target that did not answer is asked last. */
  readonly #shunnedUntil = new Map<T, number>();
  /** The time until which a target has asked for no calls. */
  readonly #welcomeAt = new Map<T, number>();
  #current: T;

  constructor(options: FailoverOptions<T>) {
    const [first] = options.targets;
    if (first === undefined)
      throw new RegistryError(
        'INTERNAL',
        'a failover needs at least one target; this is a defect of the adapter, please report it',
      );
    this.#options = options;
    this.targets = options.targets;
    this.#current = first;
  }

  /** The target that calls go to first. */
  get current(): T {
    return this.#current;
  }

  /** Returns the result of the first target that serves; throws the last failure when none does. */
  async run<R>(signal: AbortSignal, work: (target: T, signal: AbortSignal) => Promise<R>): Promise<R> {
    const round = this.order();
    const slow: T[] = [];
    let failure: unknown;
    for (const [index, target] of round.entries()) {
      try {
        const result = await this.#attempt(target, index === round.length - 1, signal, work);
        this.served(target);
        return result;
      } catch (cause) {
        failure = cause;
        if (signal.aborted || !this.#options.isUnreachable(cause)) throw cause;
        this.failed(target);
        if (RegistryError.is(cause, 'TIMEOUT')) slow.push(target);
      }
    }
    // The last target refused at once, so the first silent target gets the time that the call has left.
    const [patient] = slow;
    if (patient === undefined) throw failure;
    const result = await work(patient, signal);
    this.served(patient);
    return result;
  }

  /**
   * The targets in the order in which they are asked: the current one comes first, those that did not answer lately
   * come last.
   */
  order(): readonly T[] {
    const now = this.#options.clock.now();
    const at = this.targets.indexOf(this.#current);
    const turned = [...this.targets.slice(at), ...this.targets.slice(0, at)];
    const isShunned = (target: T): boolean => (this.#shunnedUntil.get(target) ?? Number.NEGATIVE_INFINITY) > now;
    return [...turned.filter((target) => !isShunned(target)), ...turned.filter(isShunned)];
  }

  /** The target answered: later calls go to it. */
  served(target: T): void {
    this.#shunnedUntil.delete(target);
    this.#welcomeAt.delete(target);
    this.#current = target;
  }

  /**
   * The target said for how long it wants no call, as by `Retry-After`. The time ends early when the target serves
   * again.
   */
  unwelcome(target: T, ms: number): void {
    this.#welcomeAt.set(target, this.#options.clock.now() + ms);
  }

  /**
   * Call this before each round of an endless retry: it resolves when a target may be asked, after {@link
   * retryAfterCapMs} at most. Rejects with the signal's reason.
   */
  async untilWelcome(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const welcomeAt = this.targets.map((target) => this.#welcomeAt.get(target) ?? Number.NEGATIVE_INFINITY);
    const waitMs = Math.min(...welcomeAt) - clock.now();
    if (waitMs > 0) await pause(clock, Math.min(waitMs, retryAfterCapMs), signal);
  }

  /** Marks a target that did not answer outside {@link Failover.run}, such as on a stream. */
  failed(target: T): void {
    this.#shunnedUntil.set(target, this.#options.clock.now() + shunnedMs);
    this.#current = this.order()[0] ?? target;
  }

  #attempt<R>(
    target: T,
    isLast: boolean,
    signal: AbortSignal,
    work: (target: T, signal: AbortSignal) => Promise<R>,
  ): Promise<R> {
    if (isLast) return work(target, signal);
    const { clock, describe } = this.#options;
    const name = describe === undefined ? 'the endpoint' : describe(target);
    const reason = new RegistryError('TIMEOUT', `${name} did not answer within ${failoverAfterMs} ms`);
    return withDeadline({ clock, ms: failoverAfterMs, signal, reason }, (bounded) => work(target, bounded));
  }
}
