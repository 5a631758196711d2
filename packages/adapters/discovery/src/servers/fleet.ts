import type { Entry, EntryKey, Lease } from '@rollcall/core/adapter';
import { isUnreachable } from '../discovery-error.ts';
import { failoverAfterMs } from '../discovery-options.ts';
import { type LinkContext, ServerLink } from './server-link.ts';

/** A write on one server, and what to do when that server missed it. */
export interface FleetWrite<T> {
  run(link: ServerLink, signal: AbortSignal): Promise<T>;
  missed(link: ServerLink): void;
}

/**
 * All servers of one registry. Reads and watches go to one, the current, until it does not answer; writes go to
 * every one and succeed when the current has acknowledged: each server is complete by itself.
 */
export class Fleet {
  readonly #links: readonly ServerLink[];
  #current = 0;

  constructor(urls: readonly URL[], context: LinkContext) {
    this.#links = urls.map((url) => new ServerLink(url, context));
  }

  /** The first that answers, beginning with the current; that one is the current then. */
  async read<T>(work: (link: ServerLink, signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    let failure: unknown;
    for (let offset = 0; offset < this.#links.length; offset += 1) {
      const index = (this.#current + offset) % this.#links.length;
      const link = this.#links[index] as ServerLink;
      try {
        const result = await this.#bounded(signal, async (bounded) => {
          if (offset > 0) await link.settle(bounded);
          return work(link, bounded);
        });
        this.#current = index;
        return result;
      } catch (cause) {
        failure = cause;
        if (signal.aborted || !isUnreachable(cause)) throw cause;
      }
    }
    throw failure;
  }

  /** On every server at once; resolves with the current's answer, or that of the first that takes its place. */
  async write<T>({ run, missed }: FleetWrite<T>, signal: AbortSignal): Promise<T> {
    const attempts = this.#links.map((link) => this.#bounded(signal, (bounded) => run(link, bounded)));
    for (const [index, attempt] of attempts.entries()) {
      attempt.catch((cause: unknown) => {
        // With one server the caller repeats; with several the others went on without it.
        if (this.#links.length > 1 && isUnreachable(cause)) missed(this.#links[index] as ServerLink);
      });
    }
    let failure: unknown;
    for (let offset = 0; offset < attempts.length; offset += 1) {
      const index = (this.#current + offset) % attempts.length;
      try {
        const result = await (attempts[index] as Promise<T>);
        this.#current = index;
        return result;
      } catch (cause) {
        failure = cause;
        if (signal.aborted || !isUnreachable(cause)) throw cause;
      }
    }
    throw failure;
  }

  /** Gives up what this object holds on every server; rejects when one could not be told. */
  async withdraw(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    if (keys.length === 0) return;
    await Promise.all(this.#links.map((link) => this.#bounded(signal, (bounded) => link.withdraw(keys, bounded))));
  }

  register(entries: readonly Entry[], lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    return this.write(
      {
        run: (link, bounded) => link.register(entries, lease, bounded),
        missed: (link) => link.missedRegister(entries, lease),
      },
      signal,
    );
  }

  cancel(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    return this.write(
      { run: (link, bounded) => link.cancel(keys, bounded), missed: (link) => link.missedCancel(keys) },
      signal,
    );
  }

  isCurrent(link: ServerLink): boolean {
    return this.#links[this.#current] === link;
  }

  close(): void {
    for (const link of this.#links) link.close();
  }

  /** With several servers, one that does not answer must not use up the whole deadline. */
  async #bounded<T>(signal: AbortSignal, work: (bounded: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#links.length === 1) return work(signal);
    return work(AbortSignal.any([signal, AbortSignal.timeout(failoverAfterMs)]));
  }
}
