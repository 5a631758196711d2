import type { Clock } from '@rollcall/core';
import { type View, wholeView } from '../../access/caller.ts';
import type { Change, RollFollower } from '../../roll/followers.ts';
import type { Instance } from '../../roll/instance.ts';
import type { InstanceRef } from '../../roll/instance-ref.ts';
import type { PublishedRoll } from '../../roll/published-roll.ts';
import type { EnvironmentStatus } from '../../roll/status.ts';
import { maxStaleSnapshotBytes, snapshotAgeMs } from '../../server-options.ts';
import { writeInstance, writeStatus } from './native-mapping.ts';
import { ServiceNames } from './service-names.ts';
import { Snapshot } from './snapshot.ts';

/** Bytes that the wire format adds to the content of an instance, roughly. */
const wireOverhead = 400;
/** Bytes that an environment's status takes while it is read, as objects and as text, roughly. */
const statusBytes = 2_000;

/** Bytes of an instance on the wire, roughly. */
export const wireBytes = ({ bytes }: Instance): number => bytes + wireOverhead;

/**
 * Holds a list that is shared. The holder is emptied when the list is outdated: V8 keeps the old table of a growing map
 * until its next full collection, and that table still has the holder.
 */
interface Shared {
  snapshot: Snapshot | undefined;
}

/**
 * The lists that clients read. Each is made once per revision and shared by all readers. An outdated list lives on
 * while it is read; when outdated lists take too much memory, the readers of the oldest are cut off. Renewal times,
 * which move without a change of the roll, are those of the moment when the list was made; the counts of a status are
 * at most a second old.
 */
export class Snapshots implements RollFollower {
  readonly #roll: PublishedRoll;
  readonly #clock: Clock;
  readonly #current = new Map<string, Shared>();
  /** The oldest first. */
  #stale: readonly Snapshot[] = [];
  /** Env -> the keys of its snapshots that show only a part of it. */
  readonly #partial = new Map<string, Set<string>>();
  readonly #services: ServiceNames;
  #cancelSweep: (() => void) | undefined;

  constructor(roll: PublishedRoll, clock: Clock) {
    this.#roll = roll;
    this.#services = new ServiceNames(roll);
    this.#clock = clock;
  }

  /** The instances of an env, or of one of its services, limited to what `view` shows. */
  of(env: string, service: string | undefined, view: View = wholeView): Snapshot {
    return this.#shared(this.#keyFor(keys.instances(env, service), env, view), (now) =>
      instancesSnapshot(seenBy(view, this.#roll.instances(env, service)), now),
    );
  }

  /** The instances of a service with the present renewal times: made anew for each reader. */
  exact(env: string, service: string): Snapshot {
    return instancesSnapshot(this.#roll.instances(env, service), this.#clock.now());
  }

  /** The names of an env's callable services, with their versions. */
  services(env: string, view: View = wholeView): Snapshot {
    return this.#shared(this.#keyFor(keys.services(env), env, view), (now) => {
      const services = this.#services.of(env, view);
      const bytes = services.reduce((sum, { appid, versions }) => sum + appid.length + versions.join().length + 40, 0);
      return Snapshot.of({ items: services, write: JSON.stringify, bytes, takenAt: now });
    });
  }

  /** The self-protection of an env, or of all envs. */
  status(env: string | undefined): Snapshot {
    return this.#shared(keys.status(env), (now) => statusSnapshot(this.#roll.status(env), now), snapshotAgeMs);
  }

  /** The self-protection of the envs that `sees` allows. Not shared, because few callers ask, and seldom. */
  statusOf(sees: (env: string) => boolean): Snapshot {
    const environments = this.#roll.status().filter(({ env }) => sees(env));
    return statusSnapshot(environments, this.#clock.now());
  }

  /** The envs with remembered lists for callers that see only a part. */
  get partialEnvs(): number {
    return this.#partial.size;
  }

  changed({ instance }: Change): void {
    this.#services.changed(instance);
    this.termsChanged(instance);
  }

  termsChanged({ env, service }: InstanceRef): void {
    this.#retire(keys.instances(env, undefined));
    this.#retire(keys.instances(env, service));
    this.#retire(keys.services(env));
    this.#retire(keys.status(env));
    this.#retire(keys.status(undefined));
    for (const key of this.#partial.get(env) ?? []) this.#retire(key);
    this.#partial.delete(env);
  }

  failed(): void {
    for (const key of [...this.#current.keys()]) this.#retire(key);
    this.#partial.clear();
    this.#services.forget();
  }

  close(): void {
    this.#cancelSweep?.();
  }

  #keyFor(whole: string, env: string, view: View): string {
    if (view.key === '') return whole;
    const key = keys.partial(whole, view);
    const ofEnv = this.#partial.get(env) ?? new Set();
    this.#partial.set(env, ofEnv.add(key));
    return key;
  }

  #shared(key: string, make: (now: number) => Snapshot, maxAgeMs: number = Number.POSITIVE_INFINITY): Snapshot {
    this.#roll.settle();
    const now = this.#clock.now();
    const known = this.#current.get(key)?.snapshot;
    if (known !== undefined && now - known.takenAt < maxAgeMs) {
      known.usedAt = now;
      return known;
    }
    this.#retire(key);
    const snapshot = make(now);
    this.#current.set(key, { snapshot });
    this.#bound(snapshot);
    this.#cancelSweep ??= this.#clock.setTimer(snapshotAgeMs, () => this.#sweep());
    return snapshot;
  }

  /** Forgets snapshots that no reader asked for lately. */
  #sweep(): void {
    const now = this.#clock.now();
    for (const [key, { snapshot }] of this.#current)
      if (snapshot !== undefined && now - snapshot.usedAt >= snapshotAgeMs) this.#retire(key);
    this.#forgetPartial();
    this.#bound(undefined);
    const isIdle = this.#current.size === 0 && this.#stale.length === 0;
    this.#cancelSweep = isIdle ? undefined : this.#clock.setTimer(snapshotAgeMs, () => this.#sweep());
  }

  /**
   * A client whose token covers every env could ask for one env after another; without this, the keys of each would
   * stay.
   */
  #forgetPartial(): void {
    for (const [env, keysOfEnv] of this.#partial) {
      for (const key of keysOfEnv) if (!this.#current.has(key)) keysOfEnv.delete(key);
      if (keysOfEnv.size === 0) this.#partial.delete(env);
    }
  }

  #retire(key: string): void {
    const shared = this.#current.get(key);
    if (shared === undefined) return;
    this.#current.delete(key);
    if (shared.snapshot?.isRead === true) this.#stale = [...this.#stale, shared.snapshot];
    shared.snapshot = undefined;
  }

  /** Cuts off readers of the oldest lists. One list may exceed the bound, so four of the largest are always allowed. */
  #bound(latest: Snapshot | undefined): void {
    if (this.#stale.length === 0) return;
    this.#stale = this.#stale.filter(({ isRead }) => isRead);
    let bytes = 0;
    let largest = latest?.bytes ?? 0;
    for (const snapshot of this.#stale) {
      bytes += snapshot.bytes;
      largest = Math.max(largest, snapshot.bytes);
    }
    for (const snapshot of this.#stale) {
      if (bytes <= Math.max(maxStaleSnapshotBytes, 4 * largest)) return;
      this.#stale = this.#stale.filter((other) => other !== snapshot);
      bytes -= snapshot.bytes;
      snapshot.cutReaders();
    }
  }
}

function instancesSnapshot(instances: readonly Instance[], takenAt: number): Snapshot {
  const bytes = instances.reduce((sum, instance) => sum + wireBytes(instance), 0);
  return Snapshot.of({ items: instances, write: writeInstance, bytes, takenAt });
}

function statusSnapshot(items: readonly EnvironmentStatus[], takenAt: number): Snapshot {
  const write = (status: EnvironmentStatus): string => JSON.stringify(writeStatus(status));
  return Snapshot.of({ items, write, bytes: items.length * statusBytes, takenAt });
}

const seenBy = (view: View, instances: readonly Instance[]): readonly Instance[] =>
  view.key === '' ? instances : instances.filter(({ service }) => view.sees(service));

/** `/` occurs in no env, NUL in no name. */
const keys = {
  instances: (env: string, service: string | undefined): string => `instances/${env}/${service ?? ''}`,
  services: (env: string): string => `services/${env}`,
  partial: (whole: string, { key }: View): string => `${whole}\0${key}`,
  status: (env: string | undefined): string => `status/${env ?? ''}`,
};
