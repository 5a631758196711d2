import type { Clock } from '@rollcall/core';
import { checkTls, Failover, onAbort, pause, withDeadline } from '@rollcall/core/adapter';
import { AnswerError, isUnreachable, tlsNames } from '../consul-error.ts';
import { attendAfterMs, type ConsulSettings, failoverAfterMs, maxInFlight } from '../consul-options.ts';
import { AgentLink } from './agent-link.ts';
import { Gate } from './gate.ts';

/** The agents of a registry object. Reads the certificate files, but connects to none yet. */
export async function openAgents(settings: ConsulSettings, clock: Clock): Promise<Agents> {
  const { agents, namespace, token, auth, datacenter } = settings;
  const tls = agents.some(({ secure }) => secure) ? await settings.tls() : {};
  checkTls(tls, tlsNames, 'consul');
  const gate = new Gate(maxInFlight);
  const links = agents.map(
    (address) => new AgentLink({ address, tls, namespace, token, auth, clock }, datacenter, gate),
  );
  return new Agents(links, clock);
}

type Work<T> = (link: AgentLink, signal: AbortSignal) => Promise<T>;

/** Several agents as one: the agent that answered last is asked first, an agent that did not answer is asked last. */
export class Agents {
  readonly #failover: Failover<AgentLink>;
  readonly #clock: Clock;
  /** When the current agent last answered. */
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(links: readonly AgentLink[], clock: Clock) {
    this.#failover = new Failover({ targets: links, clock, isUnreachable });
    this.#clock = clock;
  }

  /**
   * Runs a call with the first agent that serves. Entries that it wrote through an agent that failed afterwards stay
   * with that agent.
   */
  run<T>(signal: AbortSignal, work: Work<T>): Promise<T> {
    return this.#first(signal, (link, isLast) => (isLast ? work(link, signal) : this.#attended(link, signal, work)));
  }

  /**
   * Call this before each round of an endless retry: when every agent has asked for a pause by `Retry-After`, it waits.
   */
  untilWelcome(signal: AbortSignal): Promise<void> {
    return this.#failover.untilWelcome(signal);
  }

  /** Runs a watch, which bounds its own requests, with the first agent that serves. */
  async follow(signal: AbortSignal, work: (link: AgentLink) => Promise<void>): Promise<void> {
    await this.untilWelcome(signal).catch(() => {});
    if (!signal.aborted) await this.#first(signal, work);
  }

  /** Closes every socket. */
  close(): void {
    for (const link of this.#failover.targets) link.close();
  }

  async #first<T>(signal: AbortSignal, work: (link: AgentLink, isLast: boolean) => Promise<T>): Promise<T> {
    const round = this.#failover.order();
    let failure: unknown;
    for (const [index, link] of round.entries()) {
      const isLast = index === round.length - 1;
      try {
        if (!isLast) await this.#reach(link, signal);
        const result = await work(link, isLast);
        this.#failover.served(link);
        this.#heardAt = this.#clock.now();
        return result;
      } catch (cause) {
        failure = cause;
        if (cause instanceof AnswerError && cause.retryAfterMs !== undefined)
          this.#failover.unwelcome(link, cause.retryAfterMs);
        if (!isUnreachable(cause)) throw cause;
        this.#heardAt = Number.NEGATIVE_INFINITY;
        // A deadline of the caller does not show that the agent is ill, so the next call first asks whether it answers.
        if (signal.aborted) throw cause;
        this.#failover.failed(link);
      }
    }
    throw failure;
  }

  /** Probes an agent that was silent lately, so that it cannot cost a call the whole deadline while others answer. */
  async #reach(link: AgentLink, signal: AbortSignal): Promise<void> {
    if (this.#clock.now() - this.#heardAt < failoverAfterMs) return;
    await this.#probe(link, failoverAfterMs, signal);
  }

  async #probe(link: AgentLink, ms: number, signal: AbortSignal): Promise<void> {
    const reason = new AnswerError(`did not answer within ${failoverAfterMs} ms`);
    await withDeadline({ clock: this.#clock, ms, signal, reason }, (bounded) => link.probe(bounded));
  }

  /** Asks during a long call whether its agent still answers, and ends the call when it does not. */
  async #attended<T>(link: AgentLink, signal: AbortSignal, work: Work<T>): Promise<T> {
    const [attempt, done] = [new AbortController(), new AbortController()];
    const stop = onAbort(signal, () => attempt.abort(signal.reason));
    this.#attend(link, done.signal).catch((cause: unknown) => attempt.abort(cause));
    try {
      return await work(link, attempt.signal);
    } finally {
      stop();
      done.abort();
    }
  }

  /** Rejects when the agent falls silent, and when `done` aborts. */
  async #attend(link: AgentLink, done: AbortSignal): Promise<never> {
    for (;;) {
      await pause(this.#clock, attendAfterMs, done);
      await this.#probe(link, attendAfterMs, done);
    }
  }
}
