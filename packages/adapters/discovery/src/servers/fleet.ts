import { RegistryError } from '@rollcall/core';
import {
  type BackendEndpoint,
  type EntryKey,
  Failover,
  onAbort,
  untilAborted,
  withDeadline,
} from '@rollcall/core/adapter';
import { isUnreachable } from '../discovery-error.ts';
import { backgroundTimeoutMs, failoverAfterMs } from '../discovery-options.ts';
import { HttpError } from '../http/http-error.ts';
import { type LinkContext, ServerLink } from './server-link.ts';

/** A write on one server, and what to do when that server missed it. */
export interface FleetWrite<T> {
  run(link: ServerLink, signal: AbortSignal): Promise<T>;
  missed(link: ServerLink): void;
}

interface Attempt<T> {
  readonly link: ServerLink;
  readonly done: Promise<T>;
}

/**
 * All servers of one registry. Reads and watches go to one, the current server, until it does not answer. Writes go to
 * every server and succeed when the current one has acknowledged: each server is complete by itself.
 */
export class Fleet {
  readonly links: readonly ServerLink[];
  readonly #context: LinkContext;
  readonly #failover: Failover<ServerLink>;

  constructor(endpoints: readonly BackendEndpoint[], context: LinkContext) {
    this.#context = context;
    this.links = endpoints.map((endpoint) => new ServerLink(endpoint, context));
    this.#failover = new Failover({
      targets: this.links,
      clock: context.clock,
      isUnreachable,
      describe: ({ address }) => `the discovery server ${address}`,
    });
  }

  /** Asks the current server, and the next ones in turn while none answers. */
  read<T>(work: (link: ServerLink, signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#failover.run(signal, async (link, bounded) => {
      try {
        await link.missed.settle(bounded);
        return await work(link, bounded);
      } catch (cause) {
        this.#noteWelcome(link, cause);
        throw cause;
      }
    });
  }

  /**
   * Call this before each round of an endless retry: when every server has asked for a pause by `Retry-After`, it
   * waits.
   */
  untilWelcome(signal: AbortSignal): Promise<void> {
    return this.#failover.untilWelcome(signal);
  }

  /** Writes to every server at once. Resolves with the answer of the current server, or of the first server that replaces it. */
  async write<T>({ run, missed }: FleetWrite<T>, signal: AbortSignal): Promise<T> {
    const links = this.#failover.order();
    const [only] = links;
    if (links.length === 1 && only !== undefined) return run(only, signal);
    const writes = new AbortController();
    const stop = onAbort(signal, () => writes.abort(signal.reason));
    const attempts = links.map((link) => ({ link, done: untilAborted(writes.signal, run(link, writes.signal)) }));
    for (const { link, done } of attempts)
      done.catch((cause: unknown) => {
        // The write is replayed later to a server that missed it.
        if (isUnreachable(cause)) missed(link);
      });
    try {
      return await this.#firstOf(attempts, signal);
    } finally {
      stop();
      this.#endLater(attempts, writes);
    }
  }

  /**
   * Tries the servers in order, each for the time that a server may hold up the next; then the first of those that were
   * merely slow.
   */
  async #firstOf<T>(attempts: readonly Attempt<T>[], signal: AbortSignal): Promise<T> {
    const { clock } = this.#context;
    let failure: unknown;
    for (const { link, done } of attempts) {
      const reason = silent(link, failoverAfterMs);
      try {
        const ms = failoverAfterMs;
        const result = await withDeadline({ clock, ms, signal, reason }, (bounded) => untilAborted(bounded, done));
        this.#failover.served(link);
        return result;
      } catch (cause) {
        failure = cause;
        if (signal.aborted || !isUnreachable(cause)) throw cause;
        this.#failover.failed(link);
      }
    }
    const late = attempts.map(async ({ link, done }) => {
      const result = await done;
      this.#failover.served(link);
      return result;
    });
    return Promise.any(late).catch(() => {
      throw signal.aborted ? signal.reason : failure;
    });
  }

  /**
   * Lets the other servers finish after the caller has its answer. A server that does not answer soon has missed the
   * write.
   */
  #endLater(attempts: readonly Attempt<unknown>[], writes: AbortController): void {
    const reason = new RegistryError('TIMEOUT', `no discovery server answered within ${backgroundTimeoutMs} ms`);
    const cancel = this.#context.clock.setTimer(backgroundTimeoutMs, () => writes.abort(reason));
    void Promise.allSettled(attempts.map(({ done }) => done)).then(cancel);
  }

  /** Cancels on every server the nodes that this object holds; rejects if a server could not be reached. */
  async withdraw(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    if (keys.length === 0) return;
    const { clock } = this.#context;
    const withdraw = (link: ServerLink): Promise<void> => {
      if (this.links.length === 1) return link.withdraw(keys, signal);
      const reason = silent(link, failoverAfterMs);
      return withDeadline({ clock, ms: failoverAfterMs, signal, reason }, (bounded) => link.withdraw(keys, bounded));
    };
    await Promise.all(this.links.map(withdraw));
  }

  /** The current server says that another registry object holds these nodes, so this object gives them up on the others. */
  yield(keys: readonly EntryKey[]): void {
    for (const link of this.links) if (!this.isCurrent(link)) link.abandon(keys);
  }

  /** Notes that the server of a stream fell silent. The next connection tries another server first. */
  failed(link: ServerLink): void {
    this.#failover.failed(link);
  }

  #noteWelcome(link: ServerLink, cause: unknown): void {
    if (cause instanceof HttpError && cause.retryAfterMs !== undefined)
      this.#failover.unwelcome(link, cause.retryAfterMs);
  }

  /** The server that reads go to. */
  get current(): ServerLink {
    return this.#failover.current;
  }

  isCurrent(link: ServerLink): boolean {
    return this.#failover.current === link;
  }

  close(): void {
    for (const link of this.links) link.close();
  }
}

const silent = ({ address }: ServerLink, ms: number): RegistryError =>
  new RegistryError('TIMEOUT', `the discovery server ${address} did not answer within ${ms} ms`);
