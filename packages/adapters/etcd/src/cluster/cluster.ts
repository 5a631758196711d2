import { type Clock, RegistryError } from '@rollcall/core';
import { Failover, pause } from '@rollcall/core/adapter';
import { isUnreachable, mayServeSoon } from '../etcd-error.ts';
import { type EtcdSettings, electionPauseMs } from '../etcd-options.ts';
import type { Calls, Conversation } from './calls.ts';
import { Member } from './member.ts';
import { withIdleSockets } from './sockets.ts';

/** The members of one cluster as one: a call goes to the member that answered last, and after a second to the next. */
export class Cluster {
  readonly endpoints: readonly string[];
  readonly #failover: Failover<Member>;
  readonly #clock: Clock;
  #isClosed = false;

  constructor({ endpoints, user, tls }: EtcdSettings, clock: Clock) {
    this.#clock = clock;
    this.endpoints = endpoints.map(({ address }) => address);
    this.#failover = new Failover({
      targets: endpoints.map((endpoint) => new Member({ endpoint, user, tls, clock })),
      clock,
      isUnreachable,
      describe: ({ endpoint }) => `etcd at ${endpoint.address}`,
    });
  }

  /** Runs `work` with the first member that serves. It may run again, with another member, before the first run has ended. */
  run<T>(signal: AbortSignal, work: (calls: Calls) => Promise<T>): Promise<T> {
    return this.#run(signal, (member, bounded) => member.run(bounded, work));
  }

  /** Opens a stream with the first member that answers on it. When the stream is lost, that member is asked last. */
  converse<Answer>(
    signal: AbortSignal,
    work: (calls: Calls) => Promise<Conversation<Answer>>,
  ): Promise<Conversation<Answer>> {
    return this.#run(signal, async (member, bounded) => {
      const conversation = await member.run(bounded, work);
      const next = async (): Promise<Answer | undefined> => {
        try {
          return await conversation.next();
        } catch (cause) {
          if (!signal.aborted && isUnreachable(cause)) this.#failover.failed(member);
          throw cause;
        }
      };
      return { ...conversation, next };
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const member of this.#failover.targets) member.close();
  }

  /**
   * Asks all members in turn, and again while one may serve soon. During an election healthy members are silent or
   * report it, and the failed member, which is asked last, must not decide the result. The signal ends it.
   */
  async #run<T>(signal: AbortSignal, work: (member: Member, signal: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#isClosed)
        throw new RegistryError('CLOSED', 'the connection to etcd is closed: make a new registry', {
          registry: 'etcd',
        });
      let mayServe = false;
      const attempt = async (member: Member, bounded: AbortSignal): Promise<T> => {
        try {
          return await work(member, bounded);
        } catch (cause) {
          mayServe ||= mayServeSoon(cause);
          throw cause;
        }
      };
      try {
        return await withIdleSockets(() => this.#failover.run(signal, attempt));
      } catch (cause) {
        if (signal.aborted || !mayServe || !(isUnreachable(cause) || mayServeSoon(cause))) throw cause;
      }
      await pause(this.#clock, electionPauseMs, signal);
    }
  }
}
