import { type Clock, RegistryError } from '@rollcall/core';
import { Failover } from '@rollcall/core/adapter';
import { isUnreachable } from '../etcd-error.ts';
import type { EtcdSettings } from '../etcd-options.ts';
import type { Calls, Conversation } from './calls.ts';
import { Member } from './member.ts';
import { withIdleSockets } from './sockets.ts';

/** The members of one cluster as one: a call goes to the member that answered last, and to the next after a second. */
export class Cluster {
  readonly endpoints: readonly string[];
  readonly #failover: Failover<Member>;
  #isClosed = false;

  constructor({ endpoints, user, tls }: EtcdSettings, clock: Clock) {
    this.endpoints = endpoints.map(({ address }) => address);
    this.#failover = new Failover({
      targets: endpoints.map((endpoint) => new Member({ endpoint, user, tls, clock })),
      clock,
      isUnreachable,
      describe: ({ endpoint }) => `etcd at ${endpoint.address}`,
    });
  }

  /** Runs `work` with the first member that serves; it may run again, with another member, before the first has ended. */
  run<T>(signal: AbortSignal, work: (calls: Calls) => Promise<T>): Promise<T> {
    return this.#run(signal, (member, bounded) => member.run(bounded, work));
  }

  /** Opens a stream with the first member that answers on it. When it is lost, that member is asked last. */
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

  async #run<T>(signal: AbortSignal, work: (member: Member, signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#isClosed) throw new RegistryError('CLOSED', 'the connection to etcd is closed', { registry: 'etcd' });
    return withIdleSockets(() => this.#failover.run(signal, work));
  }
}
