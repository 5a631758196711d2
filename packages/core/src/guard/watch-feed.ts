import { pause } from '../adapter/abort.ts';
import type { Entry, EntryKey, WatchSink } from '../adapter/driver.ts';
import { type Backoff, createBackoff } from '../backoff.ts';
import type { DeleteReason } from '../contract.ts';
import { settleGraceMs } from '../defaults.ts';
import { type WatchMessage, watchChannel } from '../diagnostics.ts';
import { RegistryError } from '../errors.ts';
import { freezeEntry, keyOf, sameEntry } from '../model/entry.ts';
import { toRegistryError } from './driver-error.ts';
import type { FeedContext } from './feed-context.ts';
import { WatchAttempt } from './watch-attempt.ts';
import type { GuardWatcher, WatchSource } from './watcher.ts';

/**
 * One watch of the backend per filter, shared by its watchers. It holds the true state, reconnects, and takes periodic
 * snapshots.
 */
export class WatchFeed implements WatchSource {
  readonly #context: FeedContext;
  readonly #name: string | undefined;
  readonly #onEmpty: () => void;
  readonly #watchers = new Set<GuardWatcher>();
  readonly #stop = new AbortController();
  #truth = new Map<string, Entry>();
  #synced = false;
  #lost: RegistryError | undefined;
  #running: Promise<void> | undefined;

  constructor(name: string | undefined, context: FeedContext, onEmpty: () => void) {
    this.#name = name;
    this.#context = context;
    this.#onEmpty = onEmpty;
  }

  get truth(): ReadonlyMap<string, Entry> {
    return this.#truth;
  }

  hold(): void {
    this.#context.hold.acquire();
  }

  release(): void {
    this.#context.hold.release();
  }

  join(watcher: GuardWatcher): void {
    this.#watchers.add(watcher);
    if (this.#synced) {
      watcher.touchAll();
      watcher.sync();
    } else if (this.#lost !== undefined) watcher.interrupt(this.#lost);
    this.#running ??= this.#run();
  }

  /** Ends every watcher; resolves when the backend's watch has let go. */
  async close(): Promise<void> {
    await Promise.all([...this.#watchers].map((watcher) => watcher.return()));
  }

  /** When the last watcher leaves, the backend's watch ends. Resolves when it has let go, or after a grace period. */
  async leave(watcher: GuardWatcher): Promise<void> {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#onEmpty();
    this.#stop.abort();
    let cancel = (): void => {};
    const grace = new Promise<void>((resolve) => {
      cancel = this.#context.clock.setTimer(settleGraceMs, resolve);
    });
    await Promise.race([this.#running, grace]);
    cancel();
  }

  async #run(): Promise<void> {
    const { clock } = this.#context;
    this.#publish({ event: 'started' });
    const backoff = createBackoff({ clock });
    while (!this.#stop.signal.aborted) {
      const error = await this.#attempt(backoff);
      if (error === undefined) continue;
      this.#interrupt(error);
      await pause(clock, Math.min(backoff.next(), this.#context.ceilingMs()), this.#stop.signal).catch(() => {});
    }
    this.#publish({ event: 'ended' });
  }

  get #what(): string {
    return this.#name ?? 'all services';
  }

  /**
   * Runs one connection until it ends. Returns undefined when the watch was stopped, or is due for a fresh snapshot.
   */
  async #attempt(backoff: Backoff): Promise<RegistryError | undefined> {
    const attempt = new WatchAttempt(this.#context, this.#stop.signal);
    const { call } = attempt;
    try {
      await this.#context.connected(call);
      await this.#context.driver.watch(this.#name, this.#sink(attempt, backoff), call);
      if (call.signal.aborted) throw call.signal.reason;
      throw new RegistryError('UNAVAILABLE', `the ${this.#context.driver.name} backend ended the watch`);
    } catch (cause) {
      if (this.#stop.signal.aborted || attempt.renewing) return undefined;
      return toRegistryError(this.#context.driver, call.signal.aborted ? call.signal.reason : cause);
    } finally {
      attempt.end();
    }
  }

  #sink(attempt: WatchAttempt, backoff: Backoff): WatchSink {
    const live = (act: () => void): void => {
      // A driver may go on reporting after its attempt has ended.
      if (attempt.ended) return;
      attempt.alive(backoff);
      act();
    };
    return {
      snapshot: (entries) => live(() => this.#snapshot(entries)),
      put: (entry) => live(() => this.#put(entry)),
      remove: (key, reason = 'unknown') => live(() => this.#remove(key, reason)),
      alive: () => live(() => {}),
    };
  }

  #snapshot(entries: readonly Entry[]): void {
    const truth = new Map<string, Entry>();
    for (const entry of entries) this.#keep(truth, entry);
    this.#truth = truth;
    for (const watcher of this.#watchers) watcher.touchAll();
    if (this.#lost !== undefined)
      this.#context.logger.info({ name: this.#name }, `the watch of ${this.#what} is in sync again`);
    this.#synced = true;
    this.#lost = undefined;
    this.#publish({ event: 'synced' });
    for (const watcher of [...this.#watchers]) watcher.sync();
  }

  #put(entry: Entry): void {
    const key = this.#keep(this.#truth, entry);
    if (key === undefined) return;
    this.#publish({ event: 'put', key: { name: entry.name, id: entry.node.id } });
    this.#tellAll(key, 'unknown');
  }

  #remove({ name, id }: EntryKey, reason: DeleteReason): void {
    const key = keyOf(name, id);
    if (!this.#truth.delete(key)) return;
    this.#publish({ event: 'remove', key: { name, id }, reason });
    this.#tellAll(key, reason);
  }

  /** Keeps the known object when nothing changed, so that watchers can compare by identity. */
  #keep(truth: Map<string, Entry>, entry: Entry): string | undefined {
    if (this.#name !== undefined && entry.name !== this.#name) return undefined;
    const key = keyOf(entry.name, entry.node.id);
    const known = this.#truth.get(key);
    truth.set(key, known !== undefined && sameEntry(known, entry) ? known : freezeEntry(entry));
    return key;
  }

  #tellAll(key: string, reason: DeleteReason): void {
    for (const watcher of [...this.#watchers]) {
      watcher.touch(key, reason);
      watcher.flush();
    }
  }

  #interrupt(error: RegistryError): void {
    this.#synced = false;
    // Watchers hear of an outage once, and once more when its error code changes.
    const news = this.#lost?.code !== error.code;
    this.#lost = error;
    if (!news) return;
    const message = `the watch of ${this.#what} is interrupted, because ${error.message}; reconnecting`;
    this.#context.logger.warn({ name: this.#name, error }, message);
    this.#publish({ event: 'interrupted', error });
    for (const watcher of [...this.#watchers]) watcher.interrupt(error);
  }

  #publish(message: Omit<WatchMessage, 'registry' | 'name'>): void {
    if (!watchChannel.hasSubscribers) return;
    watchChannel.publish({ registry: this.#context.driver.name, name: this.#name, ...message });
  }
}
