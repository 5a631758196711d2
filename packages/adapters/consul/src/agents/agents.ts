import { readFile } from 'node:fs/promises';
import type { Clock } from '@rollcall/core';
import { AnswerError, isUnreachable, unreadable } from '../consul-error.ts';
import { type ConsulSettings, type ConsulTls, failoverAfterMs, maxInFlight } from '../consul-options.ts';
import { AgentLink } from './agent-link.ts';
import { withDeadline } from './deadline.ts';
import { Gate } from './gate.ts';

/** The agents of a registry object; reads the files of the certificates and connects to nobody yet. */
export async function openAgents(settings: ConsulSettings, clock: Clock): Promise<Agents> {
  const { urls, namespace, token, datacenter } = settings;
  const tls = urls.some(({ protocol }) => protocol === 'https:') ? await withFiles(settings.tls) : {};
  const gate = new Gate(maxInFlight);
  const links = urls.map((url) => new AgentLink({ url, tls, namespace, token, clock }, datacenter, gate));
  return new Agents(links, clock);
}

const variables = { ca: 'CONSUL_CACERT', cert: 'CONSUL_CLIENT_CERT', key: 'CONSUL_CLIENT_KEY' } as const;

/** What is not given is in the files that the variables name. */
async function withFiles(tls: ConsulTls): Promise<ConsulTls> {
  const read = async (part: 'ca' | 'cert' | 'key'): Promise<string | Buffer | undefined> => {
    const path = process.env[variables[part]];
    if (tls[part] !== undefined || path === undefined || path === '') return tls[part];
    return readFile(path).catch((cause: unknown) => {
      throw unreadable(variables[part], path, cause);
    });
  };
  const [ca, cert, key] = await Promise.all([read('ca'), read('cert'), read('key')]);
  return { ca, cert, key };
}

/** Several agents as one: whoever answers is kept until it does not. */
export class Agents {
  readonly #links: readonly AgentLink[];
  readonly #clock: Clock;
  #current = 0;
  /** When the current one last did something for us. */
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(links: readonly AgentLink[], clock: Clock) {
    this.#links = links;
    this.#clock = clock;
  }

  /** Runs `work` with the first agent that serves. What it wrote with one that then failed stays there. */
  async run<T>(signal: AbortSignal, work: (link: AgentLink) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (let attempt = 0; attempt < this.#links.length; attempt += 1) {
      const link = this.#link();
      try {
        await this.#reach(link, signal);
        const result = await work(link);
        this.#heardAt = this.#clock.now();
        return result;
      } catch (cause) {
        this.#fail(link, cause);
        if (signal.aborted || !isUnreachable(cause)) throw cause;
        failure = cause;
      }
    }
    throw failure;
  }

  /** Frees every socket. */
  close(): void {
    for (const link of this.#links) link.close();
  }

  /** The link failed in a way that another may not: the next call tries that. */
  #fail(link: AgentLink, cause: unknown): void {
    if (link !== this.#link() || !isUnreachable(cause)) return;
    this.#heardAt = Number.NEGATIVE_INFINITY;
    this.#current = (this.#current + 1) % this.#links.length;
  }

  #link(): AgentLink {
    return this.#links[this.#current] as AgentLink;
  }

  /** Where there is a choice, one that does not answer must not cost a call its whole deadline. */
  async #reach(link: AgentLink, signal: AbortSignal): Promise<void> {
    if (this.#links.length === 1 || this.#clock.now() - this.#heardAt < failoverAfterMs) return;
    const reason = new AnswerError(`did not answer within ${failoverAfterMs} ms`);
    const deadline = { clock: this.#clock, ms: failoverAfterMs, signal, reason };
    await withDeadline(deadline, (bounded) => link.probe(bounded));
  }
}
