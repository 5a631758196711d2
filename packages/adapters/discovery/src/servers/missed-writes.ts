import { type Clock, RegistryError } from '@rollcall/core';
import {
  createBackoff,
  type Entry,
  type EntryKey,
  keyOf,
  type Lease,
  pause,
  untilAborted,
  withDeadline,
} from '@rollcall/core/adapter';
import { isUnreachable } from '../discovery-error.ts';
import { backgroundTimeoutMs, maxRegisterBatch } from '../discovery-options.ts';
import { HttpError } from '../http/http-error.ts';

/** The last write of one node that a server missed. */
type Missed = { readonly entry: Entry; readonly lease: Lease | undefined } | { readonly cancelled: EntryKey };

/** Sends a server the writes that it missed. */
export interface MissedWritesOptions {
  readonly clock: Clock;
  /** Aborts when the link is closed. */
  readonly closed: AbortSignal;
  readonly register: (entries: readonly Entry[], lease: Lease | undefined, signal: AbortSignal) => Promise<void>;
  readonly cancel: (keys: readonly EntryKey[], signal: AbortSignal) => Promise<void>;
}

/** Writes that a server missed while others took them. They are sent again in the background until the server has them. */
export class MissedWrites {
  readonly #options: MissedWritesOptions;
  readonly #missed = new Map<string, Missed>();
  #catchingUp = false;
  #sending: Promise<void> | undefined;

  constructor(options: MissedWritesOptions) {
    this.#options = options;
  }

  /** The server missed the registration of these nodes. */
  registered(entries: readonly Entry[], lease: Lease | undefined): void {
    for (const entry of entries) this.#missed.set(keyOf(entry.name, entry.node.id), { entry, lease });
    void this.#catchUp();
  }

  /** The server missed the removal of these nodes. */
  cancelled(keys: readonly EntryKey[]): void {
    for (const key of keys) this.#missed.set(keyOf(key.name, key.id), { cancelled: key });
    void this.#catchUp();
  }

  /** Forgets the missed writes of these nodes, because they are no longer true. */
  forget(keys: readonly EntryKey[]): void {
    for (const { name, id } of keys) this.#missed.delete(keyOf(name, id));
  }

  /** Call it before a new write of these nodes: the write waits for a replay under way, and replaces missed writes. */
  async giveWay(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    if (this.#sending !== undefined) await untilAborted(signal, this.#sending);
    this.forget(keys);
  }

  /** Before a read: sends the missed writes. Rejects where the server cannot be reached. */
  async settle(signal: AbortSignal): Promise<void> {
    if (this.#sending !== undefined) await untilAborted(signal, this.#sending);
    if (this.#missed.size === 0) return;
    try {
      await this.#send(signal);
    } catch (cause) {
      if (signal.aborted || isUnreachable(cause)) throw cause;
    }
  }

  async #catchUp(): Promise<void> {
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    const { clock, closed } = this.#options;
    const backoff = createBackoff({ clock });
    const reason = new RegistryError('TIMEOUT', `the discovery server did not answer within ${backgroundTimeoutMs} ms`);
    let leastMs = 0;
    try {
      while (this.#missed.size > 0) {
        await pause(clock, Math.max(leastMs, backoff.next()), closed);
        leastMs = await withDeadline({ clock, ms: backgroundTimeoutMs, signal: closed, reason }, (signal) =>
          this.#send(signal),
        ).then(() => 0, retryAfterOf);
      }
    } catch {
      // Closed: missed writes are dropped, and the nodes expire with their TTL.
    } finally {
      this.#catchingUp = false;
    }
  }

  async #send(signal: AbortSignal): Promise<void> {
    const sending = this.#sendAll(signal);
    const settled = sending.then(
      () => {},
      () => {},
    );
    this.#sending = settled;
    try {
      await sending;
    } finally {
      if (this.#sending === settled) this.#sending = undefined;
    }
  }

  /** Removals go first. What was acknowledged is not sent again when a later part fails. */
  async #sendAll(signal: AbortSignal): Promise<void> {
    const removals: [string, Missed, EntryKey][] = [];
    const batches = new Map<string, { readonly lease: Lease | undefined; readonly items: [string, Missed, Entry][] }>();
    for (const [key, what] of this.#missed) {
      if ('cancelled' in what) removals.push([key, what, what.cancelled]);
      else {
        const { entry, lease } = what;
        const name = `${lease?.ttlMs} ${lease?.renewIntervalMs}`;
        const batch = batches.get(name) ?? { lease, items: [] };
        batches.set(name, batch);
        batch.items.push([key, what, entry]);
      }
    }
    if (removals.length > 0) await this.#options.cancel(pluck(removals), signal);
    this.#acknowledge(removals);
    for (const { lease, items } of batches.values())
      for (let at = 0; at < items.length; at += maxRegisterBatch) {
        const some = items.slice(at, at + maxRegisterBatch);
        await this.#options.register(pluck(some), lease, signal);
        this.#acknowledge(some);
      }
  }

  /** Forgets the writes that were sent. A write that came meanwhile is still missed. */
  #acknowledge(sent: readonly (readonly [string, Missed, unknown])[]): void {
    for (const [key, what] of sent) if (this.#missed.get(key) === what) this.#missed.delete(key);
  }
}

const pluck = <T>(items: readonly (readonly [string, Missed, T])[]): T[] => items.map(([, , item]) => item);

const retryAfterOf = (cause: unknown): number => (cause instanceof HttpError ? (cause.retryAfterMs ?? 0) : 0);
