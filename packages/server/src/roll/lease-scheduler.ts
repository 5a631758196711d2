import { type Clock, RegistryError } from '@rollcall/core';
import { DeadlineQueue } from '@rollcall/core/adapter';
import { TimedLists } from '../leases/timed-lists.ts';
import type { Environment } from './environment.ts';
import type { Listing } from './holders.ts';
import { LeaseClock } from './lease-clock.ts';

/**
 * Knows when leases end and when self-protection has a decision to make: one timer, set to the earliest of all
 * deadlines. Finding what is due costs the same, however many leases and environments there are.
 */
export class LeaseScheduler {
  readonly #clock: Clock;
  readonly #leaseClock: LeaseClock;
  readonly #leases = new TimedLists<Listing>();
  readonly #environments = new DeadlineQueue<Environment>();
  readonly #onDue: () => void;
  #cancelTimer: (() => void) | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, cpuTimeMs: () => number, onDue: () => void) {
    this.#clock = clock;
    this.#leaseClock = new LeaseClock(clock, cpuTimeMs);
    this.#onDue = onDue;
  }

  /** Lease time, which stands still while the server does not run. */
  now(): number {
    return this.#leaseClock.now();
  }

  /** A time before which no deadline comes. */
  get firstAt(): number {
    const leases = this.#leases.nextDeadline() ?? Number.POSITIVE_INFINITY;
    return Math.min(leases, this.#environments.firstAt ?? Number.POSITIVE_INFINITY);
  }

  /** Restarts the lease; without a TTL the instance has none. */
  grant(listing: Listing, now: number): void {
    const { ttlMs } = listing.instance;
    if (ttlMs === 0) this.#leases.delete(listing);
    else this.#leases.set(listing, ttlMs, now);
  }

  end(listing: Listing): void {
    this.#leases.delete(listing);
  }

  /** Whether the lease of the listing runs. */
  isLeased({ list }: Listing): boolean {
    return list !== undefined;
  }

  /** Whether the holder still defends the instance: the lease runs, or the instance has no lease. */
  isDefended(listing: Listing): boolean {
    return listing.instance.ttlMs === 0 || this.isLeased(listing);
  }

  /** Whether the instance stands against an older registration. */
  defends(listing: Listing, dirtyAt: number = Number.POSITIVE_INFINITY): boolean {
    return dirtyAt < listing.instance.dirtyAt && this.isDefended(listing);
  }

  /** @throws RegistryError `CONFLICT` when its holder defends it. */
  refuseDefended(listing: Listing | undefined): void {
    if (listing === undefined || !this.isDefended(listing)) return;
    const { id, service } = listing.instance;
    throw new RegistryError(
      'CONFLICT',
      `node ${id} of ${service} is held by another client, so give each process its own id`,
    );
  }

  /** Takes out the expired instances. */
  takeExpired(now: number): readonly Listing[] {
    return this.#leases.expire(now);
  }

  /** Takes out the environments whose self-protection has a decision to make. */
  takeDue(now: number): readonly Environment[] {
    const due: Environment[] = [];
    for (let { first } = this.#environments; first !== undefined; first = this.#environments.first) {
      if ((this.#environments.firstAt ?? Number.POSITIVE_INFINITY) > now) break;
      due.push(first);
      // The environment stays in the queue without a time until the next event in it: to leave the queue and come back
      // costs more.
      this.#environments.set(first, Number.POSITIVE_INFINITY);
    }
    return due;
  }

  /** Call it after each event in an environment. */
  follow(environment: Environment): void {
    const deadline = environment.protection.nextDeadline();
    if (deadline === undefined) this.#environments.delete(environment);
    else this.#environments.set(environment, deadline);
  }

  forget(environment: Environment): void {
    this.#environments.delete(environment);
  }

  /** Sets the timer. A timer for an earlier time stays, and looks again when it fires. */
  arm(): void {
    const deadline = this.firstAt;
    if (deadline >= this.#armedFor) return;
    this.#cancelTimer?.();
    this.#armedFor = deadline;
    // Never 0: a deadline that cannot be met now must not cause a busy loop.
    this.#cancelTimer = this.#clock.setTimer(Math.max(1, deadline - this.now()), () => {
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.#onDue();
    });
  }

  close(): void {
    this.#cancelTimer?.();
    this.#leaseClock.stop();
  }
}
