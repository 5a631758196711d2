import type { Clock } from '@rollcall/core';
import type { Judged } from '../protection/index.ts';
import { type Environment, listingOf } from './environment.ts';
import { Environments, type RollCounts, type RollSummary } from './environments.ts';
import { type Actor, type EvictionEvidence, sentBy } from './evidence.ts';
import { Followers, type RollFollower } from './followers.ts';
import { Holders, type Listing } from './holders.ts';
import { type Instance, newInstance } from './instance.ts';
import { type InstanceRef, refOf } from './instance-ref.ts';
import { Keeping } from './keeping.ts';
import { LeaseScheduler } from './lease-scheduler.ts';
import type { LeaseTerms } from './lease-terms.ts';
import { Listings } from './listings.ts';
import { Position } from './position.ts';
import { type Admission, admit, type Registration } from './registration.ts';
import { Renewals } from './renewals.ts';
import type { Lease, Renewal, RollOptions } from './roll-options.ts';
import { applySettings, type Setting } from './setting.ts';
import type { EnvironmentStatus } from './status.ts';

/** The roll: env -> service -> id -> instance, with leases, holders and self-protection. Followers are told each change. */
export class Roll {
  /** The journal's view of the roll. */
  readonly keeping: Keeping;
  readonly #position = new Position();
  readonly #clock: Clock;
  readonly #environments: Environments;
  readonly #holders = new Holders();
  readonly #followers = new Followers();
  readonly #listings: Listings;
  readonly #scheduler: LeaseScheduler;
  readonly #renewals: Renewals;
  readonly #counts: RollCounts = { registrations: 0, renewals: 0 };

  constructor({ clock, protection, cpuTimeMs, maxBytes, isKept = false }: RollOptions) {
    this.#clock = clock;
    this.#environments = new Environments({ protection, maxBytes, isKept });
    this.#scheduler = new LeaseScheduler(clock, cpuTimeMs, () => this.settle());
    this.#listings = new Listings(clock, this.#position, this.#holders, this.#scheduler, this.#followers);
    this.#renewals = new Renewals(clock, this.#scheduler, this.#followers);
    this.keeping = new Keeping(this.#environments, this.#holders, this.#scheduler, this.#position, clock);
  }

  /** A new epoch begins with each start without an earlier roll; a cursor of another epoch is reset. */
  get epoch(): string {
    return this.#position.epoch;
  }

  /** The number of the last change: it goes up by one per change. */
  get revision(): number {
    return this.#position.revision;
  }

  /** Pauses the roll: until it is called without a reason, only leases change, by renewals. */
  pause(reason: string | undefined): void {
    this.#position.pausedBy = reason;
    this.settle();
  }

  /** Tells `follower` every change from now on; returns a function that stops it. */
  follow(follower: RollFollower): () => void {
    return this.#followers.add(follower);
  }

  /**
   * An idempotent upsert of all registrations, or of none. A registration with an older `dirtyAt` than the stored one,
   * whose lease runs, keeps and renews the stored one; its caller gets a handle that holds nothing.
   *
   * @throws RegistryError `RESOURCE_EXHAUSTED` (a node is too large, or the roll is full), `INVALID_ARGUMENT`,
   * `UNAVAILABLE` (the roll is paused): nothing has changed.
   */
  register(registrations: readonly Registration[], by?: Actor): readonly Lease[] {
    this.#position.checkWritable();
    const wallNow = this.#clock.wallNow();
    const admissions = registrations.map((registration) => admit(registration, wallNow));
    this.settle();
    for (const one of registrations) if (one.takeOver === false) this.#scheduler.refuseDefended(this.#find(one));
    this.#environments.checkRoom(admissions);
    return admissions.map((admission) => this.#register(admission, wallNow, by));
  }

  /** Renews an instance by the handle of its holder; new terms replace those of the registration. */
  renew(handle: number, terms?: LeaseTerms): Renewal {
    const now = this.settle();
    const listing = this.#holders.find(handle) ?? this.#environments.listing(this.#holders.departed(handle));
    if (listing === undefined) return 'unknown';
    // Protection keeps the entry listed although its lease has expired. Its holder no longer defends it, so the caller
    // may register again.
    if (listing.handle !== handle) return this.#scheduler.isDefended(listing) ? 'taken' : 'unknown';
    this.#renew(listing, now, terms);
    return 'renewed';
  }

  /** Renews an instance by its name, whichever client holds it. */
  renewByName(ref: InstanceRef): Exclude<Renewal, 'taken'> {
    const listing = this.#find(ref);
    if (listing === undefined) return 'unknown';
    this.#renew(listing, this.#scheduler.now());
    return 'renewed';
  }

  /**
   * Removes an instance by its name, whichever client registered it. A caller that gives its handle may be the holder.
   * Returns false for an instance that was not listed.
   */
  deregister(ref: InstanceRef, by?: Actor, handle?: number): boolean {
    this.#position.checkWritable();
    const listing = this.#find(ref);
    if (listing === undefined) return false;
    const environment = this.#environments.of(ref.env);
    environment.protection.cancelled(ref.service, ref.id, this.#scheduler.now());
    const evidence = { what: 'deregistered', holder: listing.handle === handle, ...sentBy(by) } as const;
    this.#listings.remove(environment, listing, evidence);
    this.#followUp(environment);
    return true;
  }

  /** Removes an instance by the handle of its holder. Returns false for a handle that holds nothing. */
  release(handle: number, by?: Actor): boolean {
    this.#position.checkWritable();
    this.settle();
    const listing = this.#holders.find(handle);
    return listing?.handle === handle && this.deregister(listing.instance, by, handle);
  }

  /**
   * Changes status or metadata of listed instances, whichever client holds them: all of them, or none. Returns the
   * first instance that is not listed; undefined: done.
   *
   * @throws RegistryError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED`, `UNAVAILABLE`: nothing has changed.
   */
  set(settings: readonly Setting[], by?: Actor): InstanceRef | undefined {
    this.#position.checkWritable();
    const unknown = settings.find((setting) => !this.isListed(setting));
    if (unknown !== undefined) return refOf(unknown);
    const changes = applySettings(settings, (ref) => this.#environments.listing(ref), this.#clock.wallNow());
    this.#environments.checkRoom([...changes.values()]);
    for (const [listing, instance] of changes)
      this.#track(this.#listings.set(this.#environments.of(instance.env), listing, instance, by));
    return undefined;
  }

  /**
   * The instance that a handle was given for, whether or not it still holds it; undefined: not a handle of this server,
   * or forgotten.
   */
  instanceOf(handle: number): InstanceRef | undefined {
    return this.#holders.find(handle)?.instance ?? this.#holders.departed(handle);
  }

  isListed(ref: InstanceRef): boolean {
    return this.#find(ref) !== undefined;
  }

  /** The instances of an env, of one service or of all, as they are now. */
  instances(env: string, service?: string): readonly Instance[] {
    this.settle();
    return (this.#environments.find(env)?.list(service) ?? []).map(({ instance }) => instance);
  }

  /** Evicts every expired instance of an env; returns how many. */
  endProtection(env: string, by?: Actor): number {
    this.#position.checkWritable();
    const now = this.settle();
    const environment = this.#environments.find(env);
    if (environment === undefined) return 0;
    const ended = environment.protection.end(now);
    for (const [index, judged] of ended.entries())
      this.#evict(environment, judged, { what: 'ended', evicted: index + 1, of: ended.length, ...sentBy(by) });
    this.#followUp(environment);
    return ended.length;
  }

  /** Self-protection of one env, or of all that are not empty. */
  status(env?: string): readonly EnvironmentStatus[] {
    const now = this.settle();
    return this.#environments.named(env).map((environment) => {
      const status = environment.status(now, this.#clock.wallNow());
      this.#followUp(environment);
      return status;
    });
  }

  summary(): RollSummary {
    return this.#environments.summary(this.settle(), this.#counts);
  }

  /** Evicts and marks what is due, also when the timer is late. Returns the time up to which it looked. */
  settle(): number {
    const now = this.#scheduler.now();
    if (this.#position.pausedBy !== undefined) return now;
    if (now >= this.#scheduler.firstAt) this.#decide(now);
    this.#scheduler.arm();
    return now;
  }

  #decide(now: number): void {
    for (const listing of this.#scheduler.takeExpired(now))
      this.#scheduler.follow(this.#environments.expired(listing.instance, now));
    for (const environment of this.#scheduler.takeDue(now)) {
      const { late, onTime, evict } = environment.protection.advance(now);
      for (const { silentMs, member } of late) this.#listings.mark(environment, member, silentMs);
      for (const member of onTime) this.#listings.mark(environment, member, undefined);
      for (const { cause, replacedBy, ...judged } of evict) {
        const count = environment.countEviction(now);
        this.#evict(environment, judged, { what: 'evicted', cause, replacedBy, ...count });
      }
      this.#track(environment);
    }
  }

  close(): void {
    this.#scheduler.close();
  }

  #find(ref: InstanceRef): Listing | undefined {
    this.settle();
    return this.#environments.listing(ref);
  }

  #register(admission: Admission, wallNow: number, by: Actor | undefined): Lease {
    this.#counts.registrations += 1;
    const environment = this.#environments.of(admission.env);
    const listing = environment.get(admission.service, admission.id);
    if (listing !== undefined && this.#scheduler.defends(listing, admission.dirtyAt)) {
      this.#renew(listing, this.#scheduler.now());
      const handle = this.#holders.refuse(listing);
      this.#followers.termsChanged(listing.instance, listing.instance);
      return { handle };
    }
    const now = this.#scheduler.now();
    const member = environment.protection.registered(admission.service, admission.id, admission, now);
    const ref = { env: environment.name, service: member.service, id: member.id };
    const instance = newInstance(admission, ref, listing?.instance, wallNow);
    const next =
      listing === undefined
        ? this.#listings.list(environment, member, instance, by)
        : this.#listings.replace(environment, listing, instance, by);
    this.#scheduler.grant(next, now);
    this.#followUp(environment);
    return { handle: next.handle };
  }

  #renew(listing: Listing, now: number, terms?: LeaseTerms): void {
    this.#counts.renewals += 1;
    const environment = this.#environments.of(listing.instance.env);
    if (this.#renewals.renew(environment, listing, now, terms)) this.#followUp(environment);
  }

  #evict(environment: Environment, { member, silentMs }: Judged, evidence: EvictionEvidence): void {
    const listing = listingOf(member);
    // A renewal may have come between the decision and now.
    if (listing === undefined || this.#scheduler.isLeased(listing)) return;
    this.#listings.remove(environment, listing, { ...evidence, silentMs, ttlMs: listing.instance.ttlMs });
  }

  /** Called after each command, so that its consequences follow at once and not at the next deadline. */
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
