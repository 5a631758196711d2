import { randomBytes } from 'node:crypto';
import type { Clock } from '@rollcall/core';
import type { Eviction } from '../protection/index.ts';
import type { Environment } from './environment.ts';
import { Environments } from './environments.ts';
import { type Actor, type RemovalEvidence, sentBy } from './evidence.ts';
import { Followers, type Position, type RollFollower } from './followers.ts';
import { Holders, type Listing } from './holders.ts';
import { type Instance, newInstance } from './instance.ts';
import { type InstanceRef, type LeaseTerms, refOf } from './instance-ref.ts';
import { LeaseScheduler } from './lease-scheduler.ts';
import { Listings, noteSilence } from './listings.ts';
import { type Admission, admit, type Registration, roundTerms } from './registration.ts';
import type { Lease, Renewal, RollOptions } from './roll-options.ts';
import { applySetting, type Setting } from './setting.ts';
import type { EnvironmentStatus } from './status.ts';

/** The roll: env -> service -> id -> instance, with leases, holders and self-protection. Followers are told each change. */
export class Roll {
  readonly #position: Position = { epoch: randomBytes(8).toString('hex'), revision: 0 };
  readonly #clock: Clock;
  readonly #environments: Environments;
  readonly #holders = new Holders();
  readonly #followers: Followers;
  readonly #scheduler: LeaseScheduler;
  readonly #listings: Listings;

  constructor({ clock, protection, cpuTimeMs, maxBytes }: RollOptions) {
    this.#clock = clock;
    this.#followers = new Followers(clock, this.#position);
    this.#environments = new Environments({ protection, maxBytes });
    this.#scheduler = new LeaseScheduler(clock, cpuTimeMs, () => this.settle());
    this.#listings = new Listings(this.#holders, this.#scheduler, this.#followers);
  }

  /** Another one after each start: a cursor of an earlier start is reset. */
  get epoch(): string {
    return this.#position.epoch;
  }

  /** Goes up by one per change. */
  get revision(): number {
    return this.#position.revision;
  }

  /** Tells `follower` every change from now on; answers how to stop. */
  follow(follower: RollFollower): () => void {
    return this.#followers.add(follower);
  }

  /**
   * An idempotent upsert of all, or of none. A registration with an older `dirtyAt` than the stored one, whose lease runs,
   * keeps what is stored and renews it; its caller gets a handle that holds nothing.
   *
   * @throws RegistryError `RESOURCE_EXHAUSTED` (a node is too large, or the roll is full), `INVALID_ARGUMENT`: nothing has
   * changed.
   */
  register(registrations: readonly Registration[], by?: Actor): readonly Lease[] {
    const wallNow = this.#clock.wallNow();
    const admissions = registrations.map((registration) => admit(registration, wallNow));
    this.settle();
    this.#environments.checkRoom(admissions);
    return admissions.map((admission) => this.#register(admission, wallNow, by));
  }

  /** By the holder; terms given along replace those of the registration. */
  renew(handle: number, terms?: LeaseTerms): Renewal {
    this.settle();
    const listing = this.#holders.find(handle) ?? this.#successor(handle);
    if (listing === undefined) return 'unknown';
    // An expired entry that protection keeps defends itself no longer: the caller may register again.
    if (listing.handle !== handle) return this.#scheduler.isDefended(listing) ? 'taken' : 'unknown';
    this.#renew(listing, terms);
    return 'renewed';
  }

  /** By name, whichever client holds it. */
  renewByName(ref: InstanceRef): Exclude<Renewal, 'taken'> {
    const listing = this.#find(ref);
    if (listing === undefined) return 'unknown';
    this.#renew(listing);
    return 'renewed';
  }

  /** By name, whichever client registered it; a caller that gives its handle may be the holder. False: it was not there. */
  deregister(ref: InstanceRef, by?: Actor, handle?: number): boolean {
    const listing = this.#find(ref);
    const holder = listing?.handle === handle;
    if (listing !== undefined) this.#cancel(listing, { what: 'deregistered', holder, ...sentBy(by) });
    return listing !== undefined;
  }

  /** By the holder. False: this handle does not hold it. */
  release(handle: number, by?: Actor): boolean {
    this.settle();
    const listing = this.#holders.find(handle);
    if (listing?.handle !== handle) return false;
    this.#cancel(listing, { what: 'deregistered', holder: true, ...sentBy(by) });
    return true;
  }

  /**
   * Changes status or metadata of listed instances, whichever client holds them: all of them, or none. Answers the first
   * that is not listed; undefined: done.
   *
   * @throws RegistryError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED`: nothing has changed.
   */
  set(settings: readonly Setting[], by?: Actor): InstanceRef | undefined {
    const wallNow = this.#clock.wallNow();
    const changes = new Map<Listing, Instance>();
    for (const setting of settings) {
      const listing = this.#find(setting);
      if (listing === undefined) return refOf(setting);
      changes.set(listing, applySetting(changes.get(listing) ?? listing.instance, setting, wallNow));
    }
    this.#environments.checkRoom([...changes.values()]);
    for (const [listing, instance] of changes) {
      const environment = this.#environments.of(instance.env);
      this.#listings.set(environment, listing, instance, by);
      this.#track(environment);
    }
    return undefined;
  }

  /** The instances of an env, of one service or of all, as they are now. */
  instances(env: string, service?: string): readonly Instance[] {
    this.settle();
    const environment = this.#environments.find(env);
    return environment === undefined ? [] : environment.list(service).map(({ instance }) => instance);
  }

  /** Evicts every expired instance of an env; answers how many. */
  endProtection(env: string, by?: Actor): number {
    this.settle();
    const environment = this.#environments.find(env);
    if (environment === undefined) return 0;
    const ended = environment.protection.end(this.#scheduler.now());
    for (const [index, { service, id, silentMs }] of ended.entries()) {
      const count = { evicted: index + 1, of: ended.length };
      const listing = environment.get(service, id);
      if (listing !== undefined)
        this.#evict(environment, listing, { what: 'ended', silentMs, ...count, ...ttlOf(listing), ...sentBy(by) });
    }
    this.#followUp(environment);
    return ended.length;
  }

  /** Self-protection of one env, or of all that are not empty. */
  status(env?: string): readonly EnvironmentStatus[] {
    this.settle();
    const names = env === undefined ? this.#environments.names : [env];
    return names.flatMap((name) => {
      const environment = this.#environments.find(name);
      if (environment === undefined) return [];
      const status = environment.status(this.#scheduler.now(), this.#clock.wallNow());
      this.#followUp(environment);
      return status;
    });
  }

  /** Evicts and marks whatever is due, also when the timer is late. */
  settle(): void {
    const now = this.#scheduler.now();
    for (const { instance } of this.#scheduler.takeExpired(now)) {
      const environment = this.#environments.of(instance.env);
      environment.protection.expired(instance.service, instance.id, now);
      this.#scheduler.follow(environment);
    }
    for (const environment of this.#scheduler.takeDue(now)) {
      const { late, onTime, evict } = environment.protection.advance(now);
      for (const { service, id, silentMs } of late) this.#listings.mark(environment.get(service, id), silentMs);
      for (const { service, id } of onTime) this.#listings.mark(environment.get(service, id), undefined);
      for (const eviction of evict) this.#expire(environment, eviction, now);
      this.#track(environment);
    }
    this.#scheduler.arm();
  }

  close(): void {
    this.#scheduler.close();
  }

  /** What another registered under the id of an instance that left the roll. */
  #successor(handle: number): Listing | undefined {
    const ref = this.#holders.departed(handle);
    return ref && this.#environments.find(ref.env)?.get(ref.service, ref.id);
  }

  #find({ env, service, id }: InstanceRef): Listing | undefined {
    this.settle();
    return this.#environments.find(env)?.get(service, id);
  }

  #register(admission: Admission, wallNow: number, by: Actor | undefined): Lease {
    const environment = this.#environments.of(admission.env);
    const listing = environment.get(admission.service, admission.id);
    if (listing !== undefined && this.#isOutdated(admission, listing)) {
      this.#renew(listing);
      return { handle: this.#holders.refuse(listing) };
    }
    const instance = newInstance(admission, listing?.instance, wallNow);
    const next =
      listing === undefined
        ? this.#listings.list(environment, instance, by)
        : this.#listings.replace(environment, listing, instance, by);
    environment.protection.registered(instance.service, instance.id, instance, this.#scheduler.now());
    this.#scheduler.grant(next);
    this.#followUp(environment);
    return { handle: next.handle };
  }

  #isOutdated({ dirtyAt = Number.POSITIVE_INFINITY }: Admission, listing: Listing): boolean {
    return dirtyAt < listing.instance.dirtyAt && this.#scheduler.isDefended(listing);
  }

  #renew(listing: Listing, terms: LeaseTerms = listing.instance): void {
    const now = this.#scheduler.now();
    const { instance } = listing;
    const environment = this.#environments.of(instance.env);
    const { protection, renewals } = environment;
    renewals.add(now);
    const { ttlMs, renewIntervalMs } = roundTerms(terms);
    if (ttlMs === instance.ttlMs && renewIntervalMs === instance.renewIntervalMs) {
      protection.renewed(instance.service, instance.id, now);
    } else {
      listing.instance = { ...instance, ttlMs, renewIntervalMs };
      protection.registered(instance.service, instance.id, listing.instance, now);
      this.#followers.termsChanged(listing.instance);
    }
    const wallNow = this.#clock.wallNow();
    noteSilence(listing, wallNow);
    listing.instance.renewedAt = wallNow;
    this.#scheduler.grant(listing);
    this.#followUp(environment);
  }

  #expire(environment: Environment, { service, id, ...eviction }: Eviction, now: number): void {
    const listing = environment.get(service, id);
    if (listing === undefined) return;
    const evidence = { what: 'evicted', ...eviction, ...ttlOf(listing), ...environment.countEviction(now) } as const;
    this.#evict(environment, listing, evidence);
  }

  #evict(environment: Environment, listing: Listing, evidence: RemovalEvidence): void {
    // A renewal may have come between the decision and now.
    if (!this.#scheduler.isLeased(listing)) this.#listings.remove(environment, listing, evidence);
  }

  #cancel(listing: Listing, evidence: RemovalEvidence): void {
    const { env, service, id } = listing.instance;
    const environment = this.#environments.of(env);
    environment.protection.cancelled(service, id, this.#scheduler.now());
    this.#listings.remove(environment, listing, evidence);
    this.#followUp(environment);
  }

  /** After each command: what follows from it at once happens at once, not at the next deadline. */
  #followUp(environment: Environment): void {
    this.#track(environment);
    this.settle();
  }

  #track(environment: Environment): void {
    this.#environments.update(environment);
    if (environment.hasFlipped) {
      this.#followers.protectionChanged(environment.name, environment.takeFlip(this.#scheduler.now()));
    }
    if (environment.isEmpty) this.#scheduler.forget(environment);
    else this.#scheduler.follow(environment);
  }
}

const ttlOf = ({ instance: { ttlMs } }: Listing): { readonly ttlMs: number } => ({ ttlMs });
