import type { RememberedMember } from '../protection/index.ts';
import type { Environments } from './environments.ts';
import type { Holders, KeptListing } from './holders.ts';
import type { InstanceRef } from './instance-ref.ts';
import type { LeaseScheduler } from './lease-scheduler.ts';

/** What must outlive the process of one instance: its listing, and what self-protection remembers of it. */
export interface Kept {
  readonly listing?: KeptListing | undefined;
  readonly member?: RememberedMember | undefined;
}

/** Where the roll is in its history. */
export interface Position {
  epoch: string;
  revision: number;
}

/** What must outlive the process of the roll as a whole. */
export interface KeptState extends Readonly<Position> {
  /** The first handle of the epoch, and how many were given. */
  readonly handles: { readonly base: number; readonly count: number };
  /** The lease clock. Milliseconds. */
  readonly leaseNow: number;
}

/** The parts of the roll that are kept. */
export interface KeepingParts {
  readonly environments: Environments;
  readonly holders: Holders;
  readonly scheduler: LeaseScheduler;
  readonly position: Position;
}

/** What a journal reads of the roll to write it down, and how the roll begins from it again. */
export class Keeping {
  readonly #parts: KeepingParts;

  constructor(parts: KeepingParts) {
    this.#parts = parts;
  }

  /** What must outlive the process besides the instances. */
  get state(): KeptState {
    const { position, holders, scheduler } = this.#parts;
    return { ...position, handles: holders.given, leaseNow: scheduler.now() };
  }

  /** Goes on where an earlier start ended; without its epoch in a new one. The instances come by {@link Keeping.restore}. */
  resume({ epoch, revision, handles }: Pick<KeptState, 'revision'> & Partial<KeptState>): void {
    const { position, holders } = this.#parts;
    position.revision = revision;
    if (epoch !== undefined) position.epoch = epoch;
    if (handles !== undefined) holders.resume(handles);
  }

  /** What is to be kept of an instance now; both parts are undefined: nothing is. */
  of({ env, service, id }: InstanceRef): Kept {
    const environment = this.#parts.environments.find(env);
    if (environment === undefined) return {};
    return { listing: environment.get(service, id), member: environment.protection.remember({ service, id }) };
  }

  /** The instances of which self-protection remembers something else since the last call. */
  takeTouched(): readonly InstanceRef[] {
    return this.#parts.environments.takeTouched();
  }

  /** Which instance a handle was given for; undefined: it is not known. */
  refOf(handle: number): InstanceRef | undefined {
    const { holders } = this.#parts;
    return holders.find(handle)?.instance ?? holders.departed(handle);
  }

  /**
   * Lists what was kept. Leases begin anew at their full TTL; an instance that was late stays late until it is heard, and its
   * silence goes on. `newHandles`: those that were given are of another history and hold nothing.
   */
  restore(env: string, kept: readonly Kept[], newHandles: boolean): void {
    const { environments, holders, scheduler } = this.#parts;
    const environment = environments.of(env);
    const now = scheduler.now();
    for (const { listing: before } of kept) {
      if (before === undefined) continue;
      const listing = newHandles ? holders.admit(before.instance) : holders.restore(before);
      environment.set(listing, undefined);
      scheduler.grant(listing, now);
    }
    const members = kept.flatMap(({ member }) => member ?? []);
    environment.protection.restore(members, now);
    environments.update(environment);
    if (!environment.isEmpty) scheduler.follow(environment);
  }
}
