import type { Clock } from '@rollcall/core';
import type { Member } from '../protection/index.ts';
import { type Environment, listingOf } from './environment.ts';
import { type Actor, changedFields, type PutEvidence, type RemovalEvidence, sentBy } from './evidence.ts';
import type { Change, Followers, Moment } from './followers.ts';
import type { Holders, Listing } from './holders.ts';
import { type Instance, sameContent } from './instance.ts';
import { refOf } from './instance-ref.ts';
import type { LeaseScheduler } from './lease-scheduler.ts';
import type { Position } from './position.ts';

/**
 * Carries out what the commands of the roll decide: lists an instance, changes it, removes it; and tells each change
 * with its evidence.
 */
export class Listings {
  readonly #clock: Clock;
  readonly #position: Position;
  readonly #holders: Holders;
  readonly #scheduler: LeaseScheduler;
  readonly #followers: Followers;

  constructor(clock: Clock, position: Position, holders: Holders, scheduler: LeaseScheduler, followers: Followers) {
    this.#clock = clock;
    this.#position = position;
    this.#holders = holders;
    this.#scheduler = scheduler;
    this.#followers = followers;
  }

  list(environment: Environment, member: Member, instance: Instance, by: Actor | undefined): Listing {
    const listing = this.#holders.admit(instance, member);
    environment.set(listing, undefined);
    this.#put(instance, undefined, by === undefined ? { what: 'registered' } : { what: 'registered', by });
    return listing;
  }

  /** A register call: another client holds the listing from now on. */
  replace(environment: Environment, listing: Listing, instance: Instance, by: Actor | undefined): Listing {
    this.#holders.supersede(listing);
    const before = listing.instance;
    noteSilence(listing, instance.renewedAt);
    listing.instance = instance;
    environment.set(listing, before);
    if (sameContent(before, instance)) this.#followers.termsChanged(instance, before);
    else {
      const fields = changedFields(before, instance);
      this.#put(instance, before, { what: 'updated', fields, ...sentBy(by) });
    }
    return listing;
  }

  /** A set call: the holder stays the same. */
  set(environment: Environment, listing: Listing, instance: Instance, by: Actor | undefined): Environment {
    const before = listing.instance;
    listing.instance = instance;
    environment.set(listing, before);
    const fields = changedFields(before, instance);
    if (fields.length > 0) this.#put(instance, before, { what: 'set', fields, ...sentBy(by) });
    return environment;
  }

  /** `silentMs`: the instance became late; undefined: it no longer is. */
  mark(environment: Environment, member: Member, silentMs: number | undefined): void {
    const listing = listingOf(member);
    const late = silentMs !== undefined;
    if (listing === undefined || listing.instance.late === late) return;
    const before = listing.instance;
    listing.instance = { ...before, late };
    environment.set(listing, before);
    const evidence = late
      ? ({ what: 'late', silentMs, renewIntervalMs: before.renewIntervalMs } as const)
      : ({ what: 'on-time', silentMs: listing.silentMs } as const);
    this.#put(listing.instance, before, evidence);
  }

  remove(environment: Environment, listing: Listing, evidence: RemovalEvidence): void {
    environment.delete(listing);
    this.#scheduler.end(listing);
    this.#holders.forget(listing);
    const { instance } = listing;
    const reason = evidence.what === 'deregistered' ? 'deregistered' : 'expired';
    const { revision, at } = this.#moment();
    this.#changed({ revision, at, type: 'remove', instance: refOf(instance), reason, evidence }, instance);
  }

  #put(instance: Instance, before: Instance | undefined, evidence: PutEvidence): void {
    const { revision, at } = this.#moment();
    this.#changed({ revision, at, type: 'put', instance, evidence }, before);
  }

  #moment(): Moment {
    return { revision: this.#position.revision + 1, at: this.#clock.wallNow() };
  }

  #changed(change: Change, before: Instance | undefined): void {
    this.#position.revision = change.revision;
    this.#followers.changed(change, before);
  }
}

/** Call it at a renewal, at `wallNow`, before the time of renewal moves. */
export function noteSilence(listing: Listing, wallNow: number): void {
  const { late, renewedAt } = listing.instance;
  if (late) listing.silentMs = Math.max(0, Math.round(wallNow - renewedAt));
}
