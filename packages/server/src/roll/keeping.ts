import type { Clock } from '@rollcall/core';
import type { RememberedMember } from '../protection/index.ts';
import type { Environments } from './environments.ts';
import type { Holders, KeptListing, Listing } from './holders.ts';
import type { InstanceRef } from './instance-ref.ts';
import type { LeaseScheduler } from './lease-scheduler.ts';
import type { Position } from './position.ts';

/** What must outlive the process of one instance: its listing, and what self-protection remembers of it. */
export interface Kept {
  readonly listing?: KeptListing | undefined;
  readonly member?: RememberedMember | undefined;
}

/** What must outlive the process of the roll as a whole. */
export interface KeptState {
  readonly epoch: string;
  readonly revision: number;
  /** The first handle of the epoch, and how many were given. */
  readonly handles: { readonly base: number; readonly count: number };
  /** The lease clock. Milliseconds. */
  readonly leaseNow: number;
  /** Since when self-protection is on, by env. Wall-clock milliseconds. Missing in stores of earlier builds. */
  readonly protectingSince?: readonly (readonly [env: string, since: number])[];
}

/** What a journal reads of the roll to write it down, and how the roll begins from it again. */
export class Keeping {
  readonly #environments: Environments;
  readonly #holders: Holders;
  readonly #scheduler: LeaseScheduler;
  readonly #position: Position;
  readonly #clock: Clock;

  constructor(
    environments: Environments,
    holders: Holders,
    scheduler: LeaseScheduler,
    position: Position,
    clock: Clock,
  ) {
    this.#environments = environments;
    this.#holders = holders;
    this.#scheduler = scheduler;
    this.#position = position;
    this.#clock = clock;
  }

  /** What must outlive the process besides the instances. */
  get state(): KeptState {
    const { epoch, revision } = this.#position;
    const leaseNow = this.#scheduler.now();
    const wallNow = this.#clock.wallNow();
    const protectingSince = this.#environments.protectingSince.map(
      ([env, since]) => [env, wallNow - (leaseNow - since)] as const,
    );
    return { epoch, revision, handles: this.#holders.given, leaseNow, protectingSince };
  }

  /** Goes on where an earlier start ended; without its epoch in a new one. The instances come by {@link Keeping.restore}. */
  resume({ epoch, revision, handles }: Pick<KeptState, 'revision'> & Partial<KeptState>): void {
    this.#position.revision = revision;
    if (epoch !== undefined) this.#position.epoch = epoch;
    if (handles !== undefined) this.#holders.resume(handles);
  }

  /** What is to be kept of an instance now; both parts are undefined: nothing is. */
  of({ env, service, id }: InstanceRef): Kept {
    const environment = this.#environments.find(env);
    if (environment === undefined) return {};
    return { listing: keptOf(environment.get(service, id)), member: environment.protection.remember({ service, id }) };
  }

  /** The instances of which self-protection remembers something else since the last call. */
  takeTouched(): readonly InstanceRef[] {
    return this.#environments.takeTouched();
  }

  /**
   * Lists what was kept. Leases begin anew at their full TTL; an instance that was late stays late until it is heard, and its
   * silence goes on. `newHandles`: those that were given are of another history and hold nothing. `protectingSince`: by the
   * wall clock; undefined: self-protection was off.
   */
  restore(env: string, kept: readonly Kept[], newHandles: boolean, protectingSince: number | undefined): void {
    const environment = this.#environments.of(env);
    const now = this.#scheduler.now();
    for (const { listing: before } of kept) {
      if (before === undefined) continue;
      const listing = newHandles ? this.#holders.admit(before.instance) : this.#holders.restore(before);
      environment.set(listing, undefined);
      this.#scheduler.grant(listing, now);
    }
    const members = kept.flatMap(({ member }) => member ?? []);
    const onForMs = protectingSince === undefined ? undefined : Math.max(0, this.#clock.wallNow() - protectingSince);
    environment.protection.restore(members, now, onForMs === undefined ? undefined : now - onForMs);
    this.#environments.update(environment);
    if (!environment.isEmpty) this.#scheduler.follow(environment);
  }
}

/** Without its links. */
const keptOf = (listing: Listing | undefined): KeptListing | undefined =>
  listing && { instance: listing.instance, handle: listing.handle, superseded: listing.superseded };
