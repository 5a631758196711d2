import type { Clock } from '@rollcall/core';
import { type Entry, type EntryKey, keyOf, type Lease, systemClock, type WatchSink } from '@rollcall/core/adapter';

/** One driver object. It is alive until it is closed. */
export interface Holder {
  alive: boolean;
}

interface Record {
  readonly entry: Entry;
  readonly holder: Holder;
  cancel(): void;
}

interface Change {
  readonly at: number;
  readonly id: string;
  readonly entry: Entry | undefined;
  readonly by: Holder | undefined;
}

interface Link {
  readonly name: string | undefined;
  readonly sink: WatchSink;
  cut(error: Error): void;
}

/** A backend that behaves like a process: it can be stopped, frozen and wiped. It knows nothing of the guard. */
export class Shelf {
  readonly durable: boolean;
  /** A write becomes visible to others after this many milliseconds. */
  readonly lagMs: number;
  readonly records = new Map<string, Record>();
  readonly #clock: Clock;
  readonly #links = new Set<Link>();
  #history: Change[] = [];
  #down = false;
  /** The requests that wait while the shelf is frozen. */
  #frozen: (() => void)[] | undefined;

  constructor({
    durable,
    lagMs,
    clock = systemClock,
  }: { readonly durable: boolean; readonly lagMs: number; readonly clock?: Clock | undefined }) {
    this.#clock = clock;
    this.durable = durable;
    this.lagMs = lagMs;
  }

  async stop(): Promise<void> {
    this.#down = true;
    for (const link of [...this.#links]) link.cut(new Error('connection reset'));
    if (!this.durable) this.#forget();
  }

  async start(): Promise<void> {
    this.#down = false;
  }

  async freeze(): Promise<void> {
    this.#frozen ??= [];
  }

  /**
   * Serves the waiting requests, even if their callers have gone. Any order is allowed; the last first is the hardest.
   */
  async resume(): Promise<void> {
    const waiting = this.#frozen ?? [];
    this.#frozen = undefined;
    for (const serve of waiting.reverse()) serve();
  }

  async wipe(): Promise<void> {
    for (const link of [...this.#links]) link.cut(new Error('connection reset'));
    this.#frozen = undefined;
    this.#forget();
    this.#down = false;
  }

  /** Serves one request. The shelf refuses it while down and does not answer it while frozen. */
  async ask<T>(signal: AbortSignal, work: () => T): Promise<T> {
    // A request takes a turn of the event loop, as it would over a socket.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    if (this.#down) throw new Error('connection refused');
    if (this.#frozen === undefined) return work();
    const waiting = this.#frozen;
    return new Promise<T>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Returns the holder of the node if it is still alive and can defend the node. */
  holderOf(key: EntryKey): Holder | undefined {
    const holder = this.records.get(keyOf(key.name, key.id))?.holder;
    return holder?.alive ? holder : undefined;
  }

  isHeldBy(key: EntryKey, holder: Holder): boolean {
    return this.records.get(keyOf(key.name, key.id))?.holder === holder;
  }

  put(entry: Entry, holder: Holder, lease: Lease | undefined): void {
    const key = { name: entry.name, id: entry.node.id };
    const id = keyOf(key.name, key.id);
    this.records.get(id)?.cancel();
    this.records.set(id, { entry, holder, cancel: this.#arm(key, lease) });
    this.#history.push({ at: this.#clock.now(), id, entry, by: holder });
    this.#tell(entry.name, (sink) => sink.put(entry));
  }

  /** Returns false when the node is not there. */
  renew(key: EntryKey, lease: Lease | undefined): boolean {
    const record = this.records.get(keyOf(key.name, key.id));
    if (record === undefined) return false;
    record.cancel();
    record.cancel = this.#arm(key, lease);
    return true;
  }

  remove(key: EntryKey, reason: 'deregistered' | 'expired', by?: Holder): void {
    const id = keyOf(key.name, key.id);
    this.records.get(id)?.cancel();
    if (!this.records.delete(id)) return;
    this.#history.push({ at: this.#clock.now(), id, entry: undefined, by });
    this.#tell(key.name, (sink) => sink.remove(key, reason));
  }

  /** Returns the entries that this reader can see by now. */
  read(name: string | undefined, reader?: Holder): Entry[] {
    const seen = new Map<string, Entry>();
    const until = this.#clock.now() - this.lagMs;
    for (const { at, id, entry, by } of this.#history) {
      if (at > until && (by === undefined || by !== reader)) continue;
      if (entry === undefined) seen.delete(id);
      else seen.set(id, entry);
    }
    return [...seen.values()].filter((entry) => name === undefined || entry.name === name);
  }

  async watch(name: string | undefined, sink: WatchSink, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void) => (): void => {
        this.#links.delete(link);
        settle();
      };
      const link: Link = { name, sink, cut: (error) => end(() => reject(error))() };
      signal.addEventListener('abort', end(resolve));
      this.ask(signal, () => {
        this.#links.add(link);
        const entries = [...this.records.values()].map(({ entry }) => entry);
        this.#deliver(link, () => sink.snapshot(entries.filter((entry) => name === undefined || entry.name === name)));
      }).catch(reject);
    });
  }

  #arm(key: EntryKey, lease: Lease | undefined): () => void {
    if (lease === undefined) return () => {};
    return this.#clock.setTimer(lease.ttlMs, () => this.remove(key, 'expired'));
  }

  #forget(): void {
    for (const { cancel } of this.records.values()) cancel();
    this.records.clear();
    this.#history = [];
  }

  #tell(name: string, tell: (sink: WatchSink) => void): void {
    for (const link of [...this.#links]) {
      if (link.name === undefined || link.name === name) this.#deliver(link, () => tell(link.sink));
    }
  }

  /** Delivers changes in order and late by the lag. A link that was cut gets none. */
  #deliver(link: Link, tell: () => void): void {
    const late = (): void => {
      if (this.#links.has(link)) tell();
    };
    if (this.lagMs === 0) late();
    else this.#clock.setTimer(this.lagMs, late);
  }
}
