import type { Clock } from '@rollcall/core';
import type { Environment } from './environment.ts';
import type { Followers } from './followers.ts';
import type { Listing } from './holders.ts';
import type { LeaseScheduler } from './lease-scheduler.ts';
import { type LeaseTerms, roundTerms } from './lease-terms.ts';
import { noteSilence } from './listings.ts';

/** Changes numbers in place: a renewal that is on time and on the stored terms allocates nothing. */
export class Renewals {
  readonly #clock: Clock;
  readonly #scheduler: LeaseScheduler;
  readonly #followers: Followers;

  constructor(clock: Clock, scheduler: LeaseScheduler, followers: Followers) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#followers = followers;
  }

  /** Returns true when the renewal changed the environment, which the caller must settle then. */
  renew(environment: Environment, listing: Listing, now: number, terms?: LeaseTerms): boolean {
    environment.renewals.add(now);
    const before = listing.instance;
    const isChanged = terms !== undefined && changeTerms(environment, listing, roundTerms(terms), now);
    if (isChanged) this.#followers.termsChanged(listing.instance, before);
    const wallNow = this.#clock.wallNow();
    noteSilence(listing, wallNow);
    listing.instance.renewedAt = wallNow;
    this.#scheduler.grant(listing, now);
    const isBack = environment.protection.renewed(listing.member, now);
    return isBack || isChanged;
  }
}

function changeTerms({ protection }: Environment, listing: Listing, terms: LeaseTerms, now: number): boolean {
  const { instance } = listing;
  const { ttlMs, renewIntervalMs } = terms;
  if (ttlMs === instance.ttlMs && renewIntervalMs === instance.renewIntervalMs) return false;
  listing.instance = { ...instance, ttlMs, renewIntervalMs };
  protection.registered(instance.service, instance.id, listing.instance, now);
  return true;
}
