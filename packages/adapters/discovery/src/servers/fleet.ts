import { RegistryError } from '@rollcall/core';
import {
  type BackendEndpoint,
  type Entry,
  type EntryKey,
  Failover,
  type Lease,
  untilAborted,
  withDeadline,
} from '@rollcall/core/adapter';
import { isUnreachable } from '../discovery-error.ts';
import { writeTimeoutMs } from '../discovery-options.ts';
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
      await link.missed.settle(bounded);
      return work(link, bounded);
    });
  }

  /** Writes on every server at once; resolves with the current's answer, or with that of the first that takes its place. */
  async write<T>({ run, missed }: FleetWrite<T>, signal: AbortSignal): Promise<T> {
    const links = this.#failover.order();
    const attempts = links.map((link) => this.#bounded(link, signal, (bounded) => run(link, bounded)));
    for (const [index, link] of links.entries()) {
      attempts[index]?.catch((cause: unknown) => {
        // With one server the caller retries; with several, the server is sent later what the others took without it.
        if (links.length > 1 && isUnreachable(cause)) missed(link);
      });
    }
    let failure: unknown;
    for (const [index, link] of links.entries()) {
      try {
        const result = await (attempts[index] as Promise<T>);
        this.#failover.served(link);
        return result;
      } catch (cause) {
        failure = cause;
        if (signal.aborted || !isUnreachable(cause)) throw cause;
        this.#failover.failed(link);
      }
    }
    throw failure;
  }

  /** Gives up what this object holds on every server; rejects when one could not be told. */
  async withdraw(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    if (keys.length === 0) return;
    await Promise.all(this.links.map((link) => this.#bounded(link, signal, (bounded) => link.withdraw(keys, bounded))));
  }

  register(entries: readonly Entry[], lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    return this.write(
      {
        run: (link, bounded) => link.register(entries, lease, bounded),
        missed: (link) => link.missed.registered(entries, lease),
      },
      signal,
    );
  }

  cancel(keys: readonly EntryKey[], signal: AbortSignal): Promise<void> {
    return this.write(
      { run: (link, bounded) => link.cancel(keys, bounded), missed: (link) => link.missed.cancelled(keys) },
      signal,
    );
  }

  /** The current server says that another registry object holds these: on the others they are given up. */
  yield(keys: readonly EntryKey[]): void {
    for (const link of this.links) if (!this.isCurrent(link)) link.abandon(keys);
  }

  /** The server of a stream fell silent: the next connection goes to another first. */
  failed(link: ServerLink): void {
    this.#failover.failed(link);
  }

  isCurrent(link: ServerLink): boolean {
    return this.#failover.current === link;
  }

  close(): void {
    for (const link of this.links) link.close();
  }

  /** With several servers, one that does not answer must not use up the whole deadline. */
  #bounded<T>(link: ServerLink, signal: AbortSignal, work: (bounded: AbortSignal) => Promise<T>): Promise<T> {
    if (this.links.length === 1) return work(signal);
    const { clock } = this.#context;
    const message = `the discovery server ${link.address} did not answer within ${writeTimeoutMs} ms`;
    const reason = new RegistryError('TIMEOUT', message);
    return withDeadline({ clock, ms: writeTimeoutMs, signal, reason }, (bounded) =>
      untilAborted(bounded, work(bounded)),
    );
  }
}
