import type { Clock } from '@rollcall/core';
import type { RememberedMember } from '../protection/index.ts';
import type { Environments } from './environments.ts';
import type { Holders, KeptListing, Listing } from './holders.ts';
import type { InstanceRef } from './instance-ref.ts';
import type { LeaseScheduler } from './lease-scheduler.ts';
import type { Position } from './position.ts';

/** The parts of one instance that must outlive the process: its listing, and what self-protection remembers of it. */
export interface Kept {
  readonly listing?: KeptListing | undefined;
  readonly member?: RememberedMember | undefined;
}

/** The parts of the roll as a whole that must outlive the process. */
export interface KeptState {
  readonly epoch: string;
  readonly revision: number;
  /** The first handle of the epoch, and how many were given. */
  readonly handles: { readonly base: number; readonly count: number };
  /** Time of the lease clock. Milliseconds. */
  readonly leaseNow: number;
  /** By env, when self-protection went on, in wall-clock milliseconds. Missing in stores of earlier builds. */
  readonly protectingSince?: readonly (readonly [env: string, since: number])[];
}

/** What a journal reads of the roll, and how the roll is restored from it. */
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

  /** The state besides the instances that must outlive the process. */
  get state(): KeptState {
    const { epoch, revision } = this.#position;
    const leaseNow = this.#scheduler.now();
    const wallNow = this.#clock.wallNow();
    const protectingSince = this.#environments.protectingSince.map(
      ([env, since]) => [env, wallNow - (leaseNow - since)] as const,
    );
    return { epoch, revision, handles: this.#holders.given, leaseNow, protectingSince };
  }

  /** Goes on where an earlier start ended; without its epoch, begins a new one. {@link Keeping.restore} brings the instances. */
  resume({ epoch, revision, handles }: Pick<KeptState, 'revision'> & Partial<KeptState>): void {
    this.#position.revision = revision;
    if (epoch !== undefined) this.#position.epoch = epoch;
    if (handles !== undefined) this.#holders.resume(handles);
  }

  /** The present state of an instance to store. If both parts are undefined, there is nothing to store. */
  of({ env, service, id }: InstanceRef): Kept {
    const environment = this.#environments.find(env);
    if (environment === undefined) return {};
    return { listing: keptOf(environment.get(service, id)), member: environment.protection.remember({ service, id }) };
  }

  /** The instances whose remembered state in self-protection changed since the last call. */
  takeTouched(): readonly InstanceRef[] {
    return this.#environments.takeTouched();
  }

  /**
   * Lists the stored instances. Leases begin anew at their full TTL. An instance that was late stays late until it
   * renews, and its silence goes on. `newHandles`: the stored handles belong to another history and hold nothing.
   * `protectingSince`: by the wall clock; undefined: self-protection was off.
   */
  restore(env: string, kept: readonly Kept[], newHandles: boolean, protectingSince: number | undefined): void {
    const environment = this.#environments.of(env);
    const now = this.#scheduler.now();
    const { protection } = environment;
    const members = kept.flatMap(({ member }) => member ?? []);
    const onForMs = protectingSince === undefined ? undefined : Math.max(0, this.#clock.wallNow() - protectingSince);
    protection.restore(members, now, onForMs === undefined ? undefined : now - onForMs);
    for (const { listing: before } of kept) {
      if (before === undefined) continue;
      const { service, id } = before.instance;
      const member = protection.member(service, id) ?? protection.registered(service, id, before.instance, now);
      const listing = newHandles ? this.#holders.admit(before.instance, member) : this.#holders.restore(before, member);
      environment.set(listing, undefined);
      this.#scheduler.grant(listing, now);
    }
    this.#environments.update(environment);
    if (!environment.isEmpty) this.#scheduler.follow(environment);
  }
}

/** The listing without its links. */
const keptOf = (listing: Listing | undefined): KeptListing | undefined =>
  listing && { instance: listing.instance, handle: listing.handle, superseded: listing.superseded ?? [] };
