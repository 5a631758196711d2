import type { Clock } from '@rollcall/core';
import type { Environment, EnvironmentStatus } from './environment.ts';
import { Environments, type RollCounts, type RollSummary } from './environments.ts';
import { Followers, type NewChange, type RollFollower } from './followers.ts';
import { Holders, type Listing } from './holders.ts';
import { type Instance, newInstance, sameContent } from './instance.ts';
import { type InstanceRef, type LeaseTerms, refOf } from './instance-ref.ts';
import { Keeping } from './keeping.ts';
import { LeaseScheduler } from './lease-scheduler.ts';
import { Position } from './position.ts';
import { type Admission, admit, type Registration, roundTerms } from './registration.ts';
import type { Lease, Renewal, RollOptions } from './roll-options.ts';

/** The roll: env -> service -> id -> instance, with leases, holders and self-protection. Followers are told each change. */
export class Roll {
  /** What a journal reads of it. */
  readonly keeping: Keeping;
  readonly #position = new Position();
  readonly #clock: Clock;
  readonly #environments: Environments;
  readonly #holders = new Holders();
  readonly #followers = new Followers();
  readonly #scheduler: LeaseScheduler;
  readonly #counts: RollCounts = { registrations: 0, renewals: 0 };

  constructor({ clock, protection, cpuTimeMs, maxBytes, isKept = false }: RollOptions) {
    this.#clock = clock;
    this.#environments = new Environments({ protection, maxBytes, isKept });
    this.#scheduler = new LeaseScheduler(clock, cpuTimeMs, () => this.settle());
    this.keeping = new Keeping(this.#environments, this.#holders, this.#scheduler, this.#position);
  }

  /** Another one after each start without the table of an earlier one: a cursor of another epoch is reset. */
  get epoch(): string {
    return this.#position.epoch;
  }

  /** Goes up by one per change. */
  get revision(): number {
    return this.#position.revision;
  }

  /** Until it is called without a reason, nothing changes but leases, which are renewed. */
  pause(reason: string | undefined): void {
    this.#position.pausedBy = reason;
    this.settle();
  }

  /** Tells `follower` every change from now on; answers how to stop. */
  follow(follower: RollFollower): () => void {
    return this.#followers.add(follower);
  }

  /**
   * An idempotent upsert of all, or of none. A registration with an older `dirtyAt` than the stored one, whose lease runs,
   * keeps what is stored and renews it; its caller gets a handle that holds nothing.
   *
   * @throws RegistryError `RESOURCE_EXHAUSTED` (a node is too large, or the roll is full), `INVALID_ARGUMENT`,
   * `UNAVAILABLE` (the roll is paused): nothing has changed.
   */
  register(registrations: readonly Registration[]): readonly Lease[] {
    this.#position.checkWritable();
    const wallNow = this.#clock.wallNow();
    const admissions = registrations.map((registration) => admit(registration, wallNow));
    this.settle();
    this.#environments.checkRoom(admissions);
    return admissions.map((admission) => this.#register(admission, wallNow));
  }

  /** By the holder; terms given along replace those of the registration. */
  renew(handle: number, terms?: LeaseTerms): Renewal {
    this.settle();
    const listing = this.#holders.find(handle) ?? this.#environments.listing(this.#holders.departed(handle));
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

  /** By name, whichever client registered it. False: it was not there. */
  deregister(ref: InstanceRef): boolean {
    this.#position.checkWritable();
    const listing = this.#find(ref);
    if (listing === undefined) return false;
    const environment = this.#environments.of(ref.env);
    environment.protection.cancelled(ref.service, ref.id, this.#scheduler.now());
    this.#remove(environment, listing, 'deregistered');
    this.#followUp(environment);
    return true;
  }

  /** By the holder. False: this handle does not hold it. */
  release(handle: number): boolean {
    this.#position.checkWritable();
    this.settle();
    const listing = this.#holders.find(handle);
    return listing?.handle === handle && this.deregister(listing.instance);
  }

  /** What a handle was given for, whether or not it still holds it; undefined: no handle of ours, or forgotten. */
  instanceOf(handle: number): InstanceRef | undefined {
    return this.#holders.find(handle)?.instance ?? this.#holders.departed(handle);
  }

  isListed(ref: InstanceRef): boolean {
    return this.#find(ref) !== undefined;
  }

  /** The instances of an env, of one service or of all, as they are now. */
  instances(env: string, service?: string): readonly Instance[] {
    this.settle();
    const environment = this.#environments.find(env);
    return environment === undefined ? [] : environment.list(service).map(({ instance }) => instance);
  }

  /** Evicts every expired instance of an env; answers how many. */
  endProtection(env: string): number {
    this.#position.checkWritable();
    this.settle();
    const environment = this.#environments.find(env);
    if (environment === undefined) return 0;
    const ended = environment.protection.end(this.#scheduler.now());
    for (const { service, id } of ended) this.#evict(environment, service, id);
    this.#followUp(environment);
    return ended.length;
  }

  /** Self-protection of one env, or of all that are not empty. */
  status(env?: string): readonly EnvironmentStatus[] {
    this.settle();
    return this.#environments.named(env).map((environment) => {
      const status = environment.status(this.#scheduler.now());
      this.#followUp(environment);
      return status;
    });
  }

  summary(): RollSummary {
    this.settle();
    return this.#environments.summary(this.#scheduler.now(), this.#counts);
  }

  /** Evicts and marks whatever is due, also when the timer is late. */
  settle(): void {
    if (this.#position.pausedBy !== undefined) return;
    const now = this.#scheduler.now();
    for (const { instance } of this.#scheduler.takeExpired(now)) {
      const environment = this.#environments.of(instance.env);
      environment.protection.expired(instance.service, instance.id, now);
      this.#scheduler.follow(environment);
    }
    for (const environment of this.#scheduler.takeDue(now)) {
      const { late, onTime, evict } = environment.protection.advance(now);
      for (const { service, id } of late) this.#mark(environment.get(service, id), true);
      for (const { service, id } of onTime) this.#mark(environment.get(service, id), false);
      for (const { service, id } of evict) this.#evict(environment, service, id);
      this.#track(environment);
    }
    this.#scheduler.arm();
  }

  close(): void {
    this.#scheduler.close();
  }

  #find(ref: InstanceRef): Listing | undefined {
    this.settle();
    return this.#environments.listing(ref);
  }

  #register(admission: Admission, wallNow: number): Lease {
    this.#counts.registrations += 1;
    const environment = this.#environments.of(admission.env);
    const listing = environment.get(admission.service, admission.id);
    if (listing !== undefined && this.#isOutdated(admission, listing)) {
      this.#renew(listing);
      const handle = this.#holders.refuse(listing);
      this.#followers.termsChanged(listing.instance);
      return { handle };
    }
    const instance = newInstance(admission, listing?.instance, wallNow);
    const next = listing === undefined ? this.#list(environment, instance) : this.#replace(listing, instance);
    environment.protection.registered(instance.service, instance.id, instance, this.#scheduler.now());
    this.#scheduler.grant(next);
    this.#followUp(environment);
    return { handle: next.handle };
  }

  #isOutdated({ dirtyAt = Number.POSITIVE_INFINITY }: Admission, listing: Listing): boolean {
    return dirtyAt < listing.instance.dirtyAt && this.#scheduler.isDefended(listing);
  }

  #list(environment: Environment, instance: Instance): Listing {
    const listing = this.#holders.admit(instance);
    environment.set(listing, undefined);
    this.#changed({ type: 'put', instance });
    return listing;
  }

  #replace(listing: Listing, instance: Instance): Listing {
    this.#holders.supersede(listing);
    const before = listing.instance;
    listing.instance = instance;
    this.#environments.of(instance.env).set(listing, before);
    if (!sameContent(before, instance)) this.#changed({ type: 'put', instance });
    else this.#followers.termsChanged(instance);
    return listing;
  }

  #renew(listing: Listing, terms: LeaseTerms = listing.instance): void {
    this.#counts.renewals += 1;
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
    listing.instance.renewedAt = this.#clock.wallNow();
    this.#scheduler.grant(listing);
    this.#followUp(environment);
  }

  #mark(listing: Listing | undefined, late: boolean): void {
    if (listing === undefined || listing.instance.late === late) return;
    const before = listing.instance;
    listing.instance = { ...before, late };
    this.#environments.of(before.env).set(listing, before);
    this.#changed({ type: 'put', instance: listing.instance });
  }

  #evict(environment: Environment, service: string, id: string): void {
    const listing = environment.get(service, id);
    // A renewal may have come between the decision and now.
    if (listing !== undefined && !this.#scheduler.isLeased(listing)) this.#remove(environment, listing, 'expired');
  }

  #remove(environment: Environment, listing: Listing, reason: 'deregistered' | 'expired'): void {
    environment.delete(listing);
    this.#scheduler.end(listing);
    this.#holders.forget(listing);
    this.#changed({ type: 'remove', instance: refOf(listing.instance), reason });
  }

  #changed(change: NewChange): void {
    this.#position.revision += 1;
    this.#followers.changed({ ...change, revision: this.#position.revision });
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
