import type { Entry } from '../adapter/driver.ts';
import type { DeleteReason, WatchEvent, Watcher } from '../contract.ts';
import type { RegistryError } from '../errors.ts';
import { sameEntry, serviceOf } from '../model/entry.ts';
import { ChangedKeys } from './changed-keys.ts';

/** Marks a watcher that can tell whether an event is pending. `Symbol.for`, since several copies of this package may be loaded. */
const pending = Symbol.for('rollcall.watcher.pending');

/** Whether more is waiting in a watcher of ours; other watchers cannot tell. */
export const hasPending = (watcher: object): boolean => pending in watcher && watcher[pending] === true;

/**
 * Marks a watcher that can be put into the background. `Symbol.for`, since several copies of this package may be
 * loaded.
 */
const background = Symbol.for('rollcall.watcher.background');

/**
 * Puts a watcher into the background: a pending `next()` no longer keeps the process alive. Watchers of other implementations stay as they are.
 */
export function inBackground(watcher: object): void {
  if (background in watcher && typeof watcher[background] === 'function') watcher[background]();
}

/** What a watcher needs of the shared watch behind it. */
export interface WatchSource {
  readonly truth: ReadonlyMap<string, Entry>;
  join(watcher: GuardWatcher): void;
  leave(watcher: GuardWatcher): Promise<void>;
  /** While a `next()` is pending the process stays alive. */
  hold(): void;
  release(): void;
}

type Result = IteratorResult<WatchEvent, undefined>;
const done: Result = { done: true, value: undefined };
const synced: WatchEvent = Object.freeze({ type: 'synced' });

/**
 * One consumer's view. It keeps what it has told, and which keys differ from the truth. An event is made when it is
 * taken, by comparing the two; so pending changes coalesce by themselves, and the nodes bound the memory.
 */
export class GuardWatcher implements Watcher {
  readonly #open: () => WatchSource | undefined;
  #source: WatchSource | undefined;
  readonly #told = new Map<string, Entry>();
  readonly #changed = new ChangedKeys();
  readonly #waiting: ((result: Result) => void)[] = [];
  #interrupted: RegistryError | undefined;
  #synced = false;
  #state: 'idle' | 'joined' | 'ended' = 'idle';
  #left: Promise<void> = Promise.resolve();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.end();
  #isBackground = false;

  /** Called at the first `next()`; returns undefined when the registry was closed meanwhile. */
  constructor(open: () => WatchSource | undefined, signal: AbortSignal | undefined) {
    this.#open = open;
    this.#signal = signal;
    // Tells `follow`, without a pending `next()`, that more is waiting.
    Object.defineProperty(this, pending, { get: () => this.#hasPending() });
    Object.defineProperty(this, background, { value: () => this.#toBackground() });
  }

  next(): Promise<Result> {
    if (this.#state === 'idle') this.#join();
    if (this.#state === 'ended') return Promise.resolve(done);
    const event = this.#waiting.length === 0 ? this.#take() : undefined;
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (!this.#isBackground) this.#source?.hold();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async return(): Promise<Result> {
    this.end();
    await this.#left;
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the watcher without an error; pending events are dropped. */
  end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#told.clear();
    this.#changed.clear();
    if (this.#source !== undefined) this.#left = this.#source.leave(this);
    for (const resolve of this.#waiting.splice(0)) this.#resolve(resolve, done);
  }

  /** Notes that the state of a key may differ from the told one. `reason`: the reason of a delete. */
  touch(key: string, reason: DeleteReason): void {
    if (this.#changed.has(key) || this.#told.get(key) !== this.#now(key)) this.#changed.add(key, reason);
  }

  /** Notes that the whole true state was replaced. */
  touchAll(): void {
    for (const key of this.#told.keys()) if (this.#now(key) === undefined) this.touch(key, 'unknown');
    for (const key of this.#source?.truth.keys() ?? []) this.touch(key, 'unknown');
  }

  interrupt(error: RegistryError): void {
    this.#interrupted = error;
    this.#synced = false;
    this.flush();
  }

  sync(): void {
    this.#interrupted = undefined;
    this.#synced = true;
    this.flush();
  }

  /** Resolves a pending `next()` with what is pending. */
  flush(): void {
    while (this.#waiting.length > 0) {
      const event = this.#take();
      if (event === undefined) return;
      const resolve = this.#waiting.shift();
      if (resolve !== undefined) this.#resolve(resolve, { done: false, value: event });
    }
  }

  #hasPending(): boolean {
    this.#settle();
    return this.#interrupted !== undefined || this.#changed.size > 0 || this.#synced;
  }

  #join(): void {
    this.#source = this.#signal?.aborted ? undefined : this.#open();
    this.#state = this.#source === undefined ? 'ended' : 'joined';
    if (this.#source === undefined) return;
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#source.join(this);
  }

  #now(key: string): Entry | undefined {
    return this.#source?.truth.get(key);
  }

  #toBackground(): void {
    if (!this.#isBackground) for (const _ of this.#waiting) this.#source?.release();
    this.#isBackground = true;
  }

  #resolve(resolve: (result: Result) => void, result: Result): void {
    if (!this.#isBackground) this.#source?.release();
    resolve(result);
  }

  #take(): WatchEvent | undefined {
    if (this.#interrupted !== undefined) {
      const event: WatchEvent = Object.freeze({ type: 'interrupted', error: this.#interrupted });
      this.#interrupted = undefined;
      return event;
    }
    this.#settle();
    const { first } = this.#changed;
    if (first !== undefined) return this.#tell(first, this.#changed.shift());
    if (!this.#synced) return undefined;
    this.#synced = false;
    return synced;
  }

  /** Drops changes from the front that have cancelled each other out. */
  #settle(): void {
    for (let key = this.#changed.first; key !== undefined; key = this.#changed.first) {
      const told = this.#told.get(key);
      const now = this.#now(key);
      if (!sameEntry(told, now)) return;
      if (now !== undefined) this.#told.set(key, now);
      this.#changed.shift();
    }
  }

  #tell(key: string, reason: DeleteReason = 'unknown'): WatchEvent {
    const told = this.#told.get(key);
    const now = this.#now(key);
    if (now !== undefined) {
      this.#told.set(key, now);
      return Object.freeze({ type: told === undefined ? 'create' : 'update', service: serviceOf(now) });
    }
    this.#told.delete(key);
    return Object.freeze({ type: 'delete', service: serviceOf(told as Entry), reason });
  }
}
