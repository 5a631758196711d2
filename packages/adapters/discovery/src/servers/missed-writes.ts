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
import { backgroundTimeoutMs } from '../discovery-options.ts';
import { HttpError } from '../http/http-error.ts';

/** What a server that could not be reached has missed, of one node: the last write counts. */
type Missed = { readonly entry: Entry; readonly lease: Lease | undefined } | { readonly cancelled: EntryKey };

/** How a server is told what it missed. */
export interface MissedWritesOptions {
  readonly clock: Clock;
  /** Aborts when the link is closed. */
  readonly closed: AbortSignal;
  readonly register: (entry: Entry, lease: Lease | undefined, signal: AbortSignal) => Promise<void>;
  readonly cancel: (keys: readonly EntryKey[], signal: AbortSignal) => Promise<void>;
}

/** Writes that a server missed while others took them, sent again in the background until it has them. */
export class MissedWrites {
  readonly #options: MissedWritesOptions;
  readonly #missed = new Map<string, Missed>();
  #catchingUp = false;
  #sending: Promise<void> | undefined;

  constructor(options: MissedWritesOptions) {
    this.#options = options;
  }

  /** The server missed that these were registered. */
  registered(entries: readonly Entry[], lease: Lease | undefined): void {
    for (const entry of entries) this.#missed.set(keyOf(entry.name, entry.node.id), { entry, lease });
    void this.#catchUp();
  }

  /** The server missed that these were removed. */
  cancelled(keys: readonly EntryKey[]): void {
    for (const key of keys) this.#missed.set(keyOf(key.name, key.id), { cancelled: key });
    void this.#catchUp();
  }

  /** What was missed of these nodes is no longer true. */
  forget(keys: readonly EntryKey[]): void {
    for (const { name, id } of keys) this.#missed.delete(keyOf(name, id));
  }

  /** Before a new write on these nodes: it follows what is being sent, and takes the place of what was missed. */
  async giveWay(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    if (this.#sending !== undefined) await untilAborted(signal, this.#sending);
    this.forget(keys);
  }

  /** Before a read: sends what was missed. Rejects where the server cannot be reached. */
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
      // Closed: what is still missed goes with its TTL.
    } finally {
      this.#catchingUp = false;
    }
  }

  async #send(signal: AbortSignal): Promise<void> {
    const missed = [...this.#missed];
    const sending = this.#sendAll(
      missed.map(([, what]) => what),
      signal,
    );
    const settled = sending.then(
      () => {},
      () => {},
    );
    this.#sending = settled;
    try {
      await sending;
      for (const [key, what] of missed) if (this.#missed.get(key) === what) this.#missed.delete(key);
    } finally {
      if (this.#sending === settled) this.#sending = undefined;
    }
  }

  async #sendAll(missed: readonly Missed[], signal: AbortSignal): Promise<void> {
    const cancelled = missed.flatMap((what) => ('cancelled' in what ? [what.cancelled] : []));
    if (cancelled.length > 0) await this.#options.cancel(cancelled, signal);
    for (const what of missed) if ('entry' in what) await this.#options.register(what.entry, what.lease, signal);
  }
}

const retryAfterOf = (cause: unknown): number => (cause instanceof HttpError ? (cause.retryAfterMs ?? 0) : 0);
