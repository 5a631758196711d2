import { type Clock, type Logger, RegistryError } from '@rollcall/core';
import type { ProtectionView } from '../protection/index.ts';
import { type Change, Followers, type RollFollower } from '../roll/followers.ts';
import type { Instance } from '../roll/instance.ts';
import { type InstanceRef, keyOf, refOf } from '../roll/instance-ref.ts';
import type { Roll } from '../roll/roll.ts';
import { groupLimitMs, keepClockMs, retryWriteMs } from '../server-options.ts';
import type { Durability } from './durability.ts';
import type { DurableInstance, DurableRoll } from './durable-roll.ts';
import { entryKey, writeChange, writeKept, writeState } from './records.ts';
import type { Group } from './store/group.ts';
import type { StoreObserver } from './store-observer.ts';

/** The parts that a journal works with. */
export interface JournalOptions {
  readonly roll: Roll;
  readonly published: DurableRoll;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The followers that hear of each change when it is durable. */
  readonly followers: readonly RollFollower[];
  readonly observer: StoreObserver;
  /** The revision after which the change log is complete. */
  readonly completeAfter: () => number;
}

/** The store, as the journal sees it. */
export interface GroupStore {
  /** Resolves when the group is synced. When it rejects, nothing of the group was written. */
  commit(group: Group): Promise<void>;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A group that is being written, with the changes that become visible afterwards. */
interface Flight {
  readonly instances: readonly DurableInstance[];
  readonly pending: Pending;
  readonly revision: number;
}

/** The changes that followers hear of when the group is durable. */
interface ToldChange {
  readonly change: Change;
  readonly before: Instance | undefined;
}

/** The changes since the last group. */
interface Pending {
  readonly refs: Map<string, InstanceRef>;
  readonly terms: Map<string, Instance>;
  changes: ToldChange[];
  waiters: Waiter[];
}

const waitFor = ({ waiters }: Pending): Promise<void> =>
  new Promise((resolve, reject) => waiters.push({ resolve, reject }));

const nothing = (): Pending => ({ refs: new Map(), terms: new Map(), changes: [], waiters: [] });

/**
 * Writes the roll to the store. Changes during a sync form the next group. Readers, watches and the change log see a
 * change when its group is synced, and callers are answered then. While the store cannot be written, the roll is
 * paused, which bounds the waiting changes, and the journal keeps trying.
 */
export class Journal implements RollFollower, Durability {
  readonly isDurable = true;
  readonly #options: JournalOptions;
  readonly #followers = new Followers();
  #store: GroupStore | undefined;
  #axis = 0;
  #pending: Pending = nothing();
  #flight: Flight | undefined;
  #isScheduled = false;
  #failure: RegistryError | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelKeep: (() => void) | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
    for (const follower of options.followers) this.#followers.add(follower);
    options.roll.follow(this);
  }

  /** Writes to `store` from now on. `axis` is the offset that it adds to lease-clock times. */
  begin(store: GroupStore, axis: number): void {
    this.#store = store;
    this.#axis = axis;
    this.#keepClock();
  }

  /** Writes an instance with the next group although it has not changed. */
  touch(ref: InstanceRef): void {
    this.#pending.refs.set(keyOf(ref), refOf(ref));
  }

  changed(change: Change, before: Instance | undefined): void {
    this.#pending.changes.push({ change, before });
    this.#options.published.hold(change.instance, before);
    this.touch(change.instance);
    this.#schedule();
  }

  termsChanged(instance: Instance, before: Instance): void {
    this.#options.published.hold(instance, before);
    this.#pending.terms.set(keyOf(instance), instance);
    this.touch(instance);
    this.#schedule();
  }

  /** Tells the followers at once, because the state of self-protection is not part of the roll. */
  protectionChanged(env: string, view: ProtectionView): void {
    this.#followers.protectionChanged(env, view);
  }

  failed(cause: unknown): void {
    this.#options.logger.error(
      { err: cause },
      'a change of the roll could not be journaled; this is a defect of Rollcall, please report it',
    );
  }

  written(): Promise<void> | undefined {
    const group = this.#pending.refs.size > 0 ? this.#pending : this.#flight?.pending;
    if (group === undefined) return undefined;
    return this.#failure === undefined ? waitFor(group) : Promise.reject(this.#failure);
  }

  isPending(ref: InstanceRef): boolean {
    const key = keyOf(ref);
    return this.#pending.refs.has(key) || this.#flight?.pending.refs.has(key) === true;
  }

  /** Writes the waiting changes. */
  async close(): Promise<void> {
    this.#cancelKeep?.();
    if (this.#store === undefined) return;
    this.#stopRetrying();
    await this.flush().catch(() => {});
    this.#store = undefined;
    this.#stopRetrying();
  }

  /** Writes a group even when nothing has changed; resolves when it is synced. */
  flush(): Promise<void> {
    this.#schedule();
    return waitFor(this.#pending);
  }

  /** Runs after all other work of this turn of the event loop, so that one sync serves all changes of the turn. */
  #schedule(): void {
    if (this.#isScheduled || this.#flight !== undefined || this.#cancelRetry !== undefined) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#flight === undefined) void this.#write();
    });
  }

  async #write(): Promise<void> {
    if (this.#store === undefined) return;
    const { clock, observer } = this.#options;
    const beganAt = clock.now();
    const [flight, written] = this.#begin(this.#store);
    this.#flight = flight;
    const cancelLimit = clock.setTimer(groupLimitMs, () =>
      this.#fail(`the disk has not finished a write for ${groupLimitMs / 1_000} s`),
    );
    try {
      await written;
      observer.synced(clock.now() - beganAt);
    } catch (error) {
      this.#putBack(flight);
      this.#fail((error as Error).message);
      this.#retryLater();
      return;
    } finally {
      cancelLimit();
      this.#flight = undefined;
    }
    this.#publish(flight);
    if (this.#pending.refs.size > 0 || this.#pending.waiters.length > 0) this.#schedule();
  }

  /** Hands a group to the store. Keeps none of its texts, so they are garbage while the store writes. */
  #begin(store: GroupStore): [Flight, Promise<void>] {
    const [flight, group] = this.#take();
    return [flight, store.commit(group)];
  }

  /** Takes a group: the present state of every changed instance. */
  #take(): [Flight, Group] {
    const { roll, completeAfter } = this.#options;
    for (const ref of roll.keeping.takeTouched()) this.touch(ref);
    const pending = this.#pending;
    this.#pending = nothing();
    const entries: [string, string | null][] = [];
    const instances: DurableInstance[] = [];
    for (const ref of pending.refs.values()) {
      const kept = roll.keeping.of(ref);
      entries.push([entryKey(ref), writeKept(kept, this.#axis)]);
      instances.push([ref, kept.listing?.instance]);
    }
    const changes = pending.changes.map(({ change }): [number, string] => [change.revision, writeChange(change)]);
    const group: Group = {
      entries,
      changes,
      forgetUpTo: Math.min(completeAfter(), roll.revision),
      state: writeState(roll.keeping.state, this.#axis),
    };
    return [{ instances, pending, revision: roll.revision }, group];
  }

  #publish({ instances, pending, revision }: Flight): void {
    const { refs } = this.#pending;
    this.#options.published.publish(instances, revision, (ref) => refs.has(keyOf(ref)));
    for (const { change, before } of pending.changes) this.#followers.changed(change, before);
    for (const instance of pending.terms.values()) this.#followers.termsChanged(instance, instance);
    for (const { resolve } of pending.waiters) resolve();
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#options.observer.writable();
    this.#options.logger.info({}, 'the store can be written again: registrations and evictions go on');
    this.#options.roll.pause(undefined);
  }

  /** Puts a failed group in front of the later changes, to be written again. Its callers have got the error. */
  #putBack({ pending }: Flight): void {
    const { refs, terms, changes, waiters } = this.#pending;
    this.#pending = {
      refs: new Map([...pending.refs, ...refs]),
      terms: new Map([...pending.terms, ...terms]),
      changes: [...pending.changes, ...changes],
      waiters: [...pending.waiters, ...waiters],
    };
  }

  #retryLater(): void {
    this.#cancelRetry = this.#options.clock.setTimer(retryWriteMs, () => {
      this.#cancelRetry = undefined;
      this.#schedule();
    });
  }

  #stopRetrying(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #fail(why: string): void {
    const message = `the store cannot be written (${why}): nothing is registered, removed or evicted until its disk has room and works; reads and renewals go on`;
    if (this.#failure === undefined) {
      this.#options.logger.error({}, message);
      this.#options.observer.unwritable();
    }
    this.#failure = new RegistryError('UNAVAILABLE', message, { registry: 'server' });
    this.#options.roll.pause(message);
    const waiters = [this.#flight?.pending, this.#pending].flatMap((pending) => pending?.waiters.splice(0) ?? []);
    for (const { reject } of waiters) reject(this.#failure);
  }

  /** Keeps the stored lease clock moving while nothing changes, so that what self-protection remembers ages. */
  #keepClock(): void {
    this.#cancelKeep = this.#options.clock.setTimer(keepClockMs, () => {
      this.flush().catch(() => {});
      this.#keepClock();
    });
  }
}
