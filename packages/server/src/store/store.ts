import { randomBytes } from 'node:crypto';
import type { Clock } from '@rollcall/core';
import { LeaseTable } from '@rollcall/core/adapter';
import type { Instance, InstanceInput, InstanceKey, ProtectionStatus, RenewStatus } from '@rollcall/protocol';
import { changeLogSize, rememberedHolders } from '../server-options.ts';
import { ChangeLog } from './change-log.ts';
import { Environment } from './environment.ts';
import { Handles } from './handles.ts';
import { idOf, roundTtl, sameContent, toInstance } from './instance.ts';
import { LeaseClock } from './lease-clock.ts';

/** An instance with the handle of whoever holds it, and the handles of those who did before. */
export interface Held {
  instance: Instance;
  handle: number;
  readonly superseded: number[];
}

/** What the store is made of. */
export interface StoreOptions {
  readonly clock: Clock;
  readonly protection: boolean;
}

/** The roll: env -> appid -> hostname, its leases, its change log, and who is struck off when. */
export class Store {
  /** Another one after each start: a cursor of an earlier start is reset. */
  readonly epoch: string = randomBytes(8).toString('hex');
  readonly log: ChangeLog = new ChangeLog(changeLogSize);
  readonly #clock: Clock;
  readonly #leaseClock: LeaseClock;
  readonly #protection: boolean;
  readonly #environments = new Map<string, Environment>();
  readonly #leases = new LeaseTable<Held>();
  readonly #handles = new Handles();
  readonly #byHandle = new Map<number, Held>();
  readonly #taken = new Set<number>();
  #revision = 0;
  #cancelTimer: (() => void) | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor({ clock, protection }: StoreOptions) {
    this.#clock = clock;
    this.#protection = protection;
    this.#leaseClock = new LeaseClock(clock);
  }

  get revision(): number {
    return this.#revision;
  }

  /** An idempotent upsert; answers the lease handle. An older `dirtyTimestamp` keeps what is stored and renews it. */
  register(input: InstanceInput): number {
    const environment = this.#environment(input.env);
    const held = environment.get(input.appid, input.hostname);
    if (
      held !== undefined &&
      input.dirtyTimestamp !== undefined &&
      input.dirtyTimestamp < held.instance.dirtyTimestamp
    ) {
      this.#renewHeld(held);
      return held.handle;
    }
    const instance = toInstance(input, held?.instance, this.#clock.wallNow());
    const next = held === undefined ? this.#admit(instance) : this.#replace(held, instance);
    environment.protection.registered(instance.appid, instance.hostname, instance, this.#leaseClock.now());
    this.#lease(next);
    this.#arm();
    return next.handle;
  }

  /** By handle; a lease given along replaces that of the registration. */
  renew(handle: number, lease?: { readonly ttlMs: number; readonly renewIntervalMs: number }): RenewStatus {
    const held = this.#byHandle.get(handle);
    if (held === undefined) return this.#taken.has(handle) ? 409 : 404;
    this.#renewHeld(held, lease);
    return 200;
  }

  /** By name, whoever holds it. */
  renewKey(key: InstanceKey): RenewStatus {
    const held = this.#find(key);
    if (held === undefined) return 404;
    this.#renewHeld(held);
    return 200;
  }

  /** Whoever registered it. False: it was not there. */
  cancel(key: InstanceKey): boolean {
    const held = this.#find(key);
    if (held === undefined) return false;
    this.#environment(key.env).protection.cancelled(key.appid, key.hostname, this.#leaseClock.now());
    this.#remove(held, 'deregistered');
    this.#arm();
    return true;
  }

  /** Only while this handle holds it. */
  cancelHandle(handle: number): boolean {
    const held = this.#byHandle.get(handle);
    return held !== undefined && this.cancel(held.instance);
  }

  /** The instances of an env, of one service or of all, as they are now. */
  instances(env: string, appid?: string): readonly Instance[] {
    this.tick();
    const environment = this.#environments.get(env);
    return environment === undefined ? [] : environment.list(appid).map(({ instance }) => instance);
  }

  /** Strikes off every expired instance of an env; answers how many. */
  endProtection(env: string): number {
    this.tick();
    const environment = this.#environments.get(env);
    if (environment === undefined) return 0;
    const ended = environment.protection.end(this.#leaseClock.now());
    for (const { appid, id } of ended) this.#evict(environment, appid, id);
    this.#arm();
    return ended.length;
  }

  /** Self-protection of one env, or of all that were ever seen. */
  status(env?: string): ProtectionStatus[] {
    this.tick();
    const names = env === undefined ? [...this.#environments.keys()].sort() : [env];
    return names.flatMap((name) => this.#environments.get(name)?.status(name, this.#leaseClock.now()) ?? []);
  }

  /** Strikes off and marks whatever is due, also when the timer is late. */
  tick(): void {
    const now = this.#leaseClock.now();
    for (const { instance } of this.#leases.expire(now)) {
      this.#environment(instance.env).protection.expired(instance.appid, instance.hostname, now);
    }
    for (const environment of this.#environments.values()) {
      const { late, onTime, evict } = environment.protection.advance(now);
      for (const { appid, id } of late) this.#mark(environment.get(appid, id), true);
      for (const { appid, id } of onTime) this.#mark(environment.get(appid, id), false);
      for (const { appid, id } of evict) this.#evict(environment, appid, id);
    }
  }

  close(): void {
    this.#cancelTimer?.();
    this.#leaseClock.stop();
  }

  #environment(name: string): Environment {
    const known = this.#environments.get(name);
    if (known !== undefined) return known;
    const environment = new Environment(this.#protection);
    this.#environments.set(name, environment);
    return environment;
  }

  #find({ env, appid, hostname }: InstanceKey): Held | undefined {
    this.tick();
    return this.#environments.get(env)?.get(appid, hostname);
  }

  #admit(instance: Instance): Held {
    const held: Held = { instance, handle: this.#handles.next(), superseded: [] };
    this.#byHandle.set(held.handle, held);
    this.#environment(instance.env).set(held);
    this.#changed(instance);
    return held;
  }

  #replace(held: Held, instance: Instance): Held {
    this.#byHandle.delete(held.handle);
    held.superseded.push(held.handle);
    this.#taken.add(held.handle);
    // Bounded: who renews by a handle that is forgotten hears 404, registers, and so finds out.
    if (held.superseded.length > rememberedHolders) this.#taken.delete(held.superseded.shift() ?? 0);
    held.handle = this.#handles.next();
    this.#byHandle.set(held.handle, held);
    const before = held.instance;
    held.instance = before.late ? { ...instance, late: true } : instance;
    if (!sameContent(before, held.instance)) this.#changed(held.instance);
    return held;
  }

  #renewHeld(held: Held, lease?: { readonly ttlMs: number; readonly renewIntervalMs: number }): void {
    const { instance } = held;
    const now = this.#leaseClock.now();
    const { protection, renewals } = this.#environment(instance.env);
    renewals.add(now);
    const ttlMs = roundTtl(lease?.ttlMs ?? instance.ttlMs);
    const renewIntervalMs = lease?.renewIntervalMs ?? instance.renewIntervalMs;
    const same = ttlMs === instance.ttlMs && renewIntervalMs === instance.renewIntervalMs;
    held.instance = { ...instance, ttlMs, renewIntervalMs, renewTimestamp: this.#clock.wallNow() };
    if (same) protection.renewed(instance.appid, instance.hostname, now);
    else protection.registered(instance.appid, instance.hostname, held.instance, now);
    this.#lease(held);
    // One that was late is seen on time at once, not at the next deadline.
    if (instance.late) this.tick();
    this.#arm();
  }

  #lease(held: Held): void {
    const id = idOf(held.instance);
    if (held.instance.ttlMs === 0) this.#leases.delete(id);
    else this.#leases.set(id, held, held.instance.ttlMs, this.#leaseClock.now());
  }

  #mark(held: Held | undefined, late: boolean): void {
    if (held === undefined || (held.instance.late === true) === late) return;
    const { late: _, ...instance } = held.instance;
    held.instance = late ? { ...instance, late } : instance;
    this.#changed(held.instance);
  }

  #evict(environment: Environment, appid: string, id: string): void {
    const held = environment.get(appid, id);
    // A renewal may have come between the decision and now.
    if (held !== undefined && !this.#leases.has(idOf(held.instance))) this.#remove(held, 'expired');
  }

  #remove(held: Held, reason: 'deregistered' | 'expired'): void {
    const { env, appid, hostname } = held.instance;
    this.#environment(env).delete(appid, hostname);
    this.#leases.delete(idOf(held.instance));
    this.#byHandle.delete(held.handle);
    for (const handle of held.superseded) this.#taken.delete(handle);
    this.#revision += 1;
    this.log.append({ revision: this.#revision, type: 'remove', removed: { env, appid, hostname, reason } });
  }

  #changed(instance: Instance): void {
    this.#revision += 1;
    this.log.append({ revision: this.#revision, type: 'put', instance });
  }

  /** One timer, at the next deadline. One that was set for an earlier time stays: it looks again when it fires. */
  #arm(): void {
    const deadline = this.#nextDeadline();
    if (deadline >= this.#armedFor) return;
    this.#cancelTimer?.();
    this.#armedFor = deadline;
    // Never 0: a deadline that cannot be met now must not spin.
    this.#cancelTimer = this.#clock.setTimer(Math.max(1, deadline - this.#leaseClock.now()), () => {
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.tick();
      this.#arm();
    });
  }

  #nextDeadline(): number {
    let first = this.#leases.nextDeadline() ?? Number.POSITIVE_INFINITY;
    for (const { protection } of this.#environments.values()) {
      first = Math.min(first, protection.nextDeadline() ?? Number.POSITIVE_INFINITY);
    }
    return first;
  }
}
