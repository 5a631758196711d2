import { AnswerError, filteredByAcl, notConsul, withoutLeader } from '../consul-error.ts';
import type { Registration } from '../consul-mapping.ts';
import { type Answer, type ClientOptions, ConsulClient, type Exchange } from './consul-client.ts';
import { field } from './fields.ts';
import type { Gate } from './gate.ts';
import { type AgentInfo, introduce } from './introduction.ts';
import type { LibraryResponse } from './library.ts';

/** The options of a read: its limits, and the change that it waits for. */
export interface Query {
  readonly signal: AbortSignal;
  /** Blocks until the answer has a later index, or `waitMs` is over. */
  readonly index?: number | undefined;
  readonly waitMs?: number | undefined;
  /** A filter in Consul's language. */
  readonly filter?: string | undefined;
  /** Asks a leader that has confirmed its leadership and replayed all that it stored. Right after a start no leader has. */
  readonly consistent?: boolean | undefined;
  /** Whether the read is part of a watch, which must not keep the process alive. */
  readonly background?: boolean | undefined;
}

/** A list with the index at which it was true. */
export interface Indexed<T> {
  readonly index: number;
  readonly value: T;
}

/** A service as its agent knows it. */
export interface AgentRecord {
  /** The service as it was registered, unchecked. */
  readonly service: object;
  /** Whether none of the service's checks is critical. */
  readonly live: boolean;
}

/** The operations of one agent. Only the outermost shape of answers is checked. */
export class AgentLink {
  readonly #calls: ConsulClient;
  readonly #watches: ConsulClient;
  readonly #gate: Gate;
  readonly #datacenter: string | undefined;
  #info: AgentInfo | undefined;

  constructor(options: Omit<ClientOptions, 'background'>, datacenter: string | undefined, gate: Gate) {
    this.#calls = new ConsulClient({ ...options, background: false });
    this.#watches = new ConsulClient({ ...options, background: true });
    this.#datacenter = datacenter;
    this.#gate = gate;
  }

  /** How many sockets of the watches have ended: see {@link ConsulClient.lostSockets}. */
  get lostSockets(): number {
    return this.#watches.lostSockets;
  }

  /** Rejects unless the agent answers and knows a leader. Needs no rights. */
  async probe(signal: AbortSignal): Promise<void> {
    const { body } = await this.#calls.send({ signal, run: (library, call) => library.status.leader(call) });
    if (body === '') throw withoutLeader();
    // Another program may answer with a page, which is a text as well, so the text must be an address.
    if (typeof body !== 'string' || !/^\S+:\d+$/.test(body)) throw notConsul('/v1/status/leader');
  }

  /** Rejects where the token cannot be valid; learns what the token may ask. */
  async introduce(token: string | undefined, signal: AbortSignal): Promise<AgentInfo> {
    this.#info ??= await introduce((exchange) => this.#send(exchange), token, signal);
    return this.#info;
  }

  async register(registration: Registration, signal: AbortSignal): Promise<void> {
    await this.#send({
      signal,
      writes: true,
      run: (library, call) => library.agent.service.register({ ...call, ...registration }),
    });
  }

  /** Renews the TTL of a service's check; false where the agent has no such check, in the answers of all versions. */
  async pass(serviceId: string, signal: AbortSignal): Promise<boolean> {
    const run: Exchange['run'] = (library, call) => library.agent.check.pass({ ...call, id: `service:${serviceId}` });
    try {
      await this.#send({ signal, writes: true, run });
      return true;
    } catch (cause) {
      // Consul 1.8 answers 500, later versions answer 404.
      if (cause instanceof AnswerError && !cause.isPage && (cause.status === 500 || cause.status === 404)) return false;
      throw cause;
    }
  }

  /** Removes a service. It succeeds also when the agent does not have the service. */
  async deregister(serviceId: string, signal: AbortSignal): Promise<void> {
    const run: Exchange['run'] = (library, call) => library.agent.service.deregister({ ...call, id: serviceId });
    await this.#send({ signal, writes: true, run }).catch((cause: unknown) => {
      if (!(cause instanceof AnswerError && cause.status === 404 && !cause.isPage)) throw cause;
    });
  }

  /** The agent's own record of a service, without asking the servers; undefined when it has none. */
  async record(serviceId: string, signal: AbortSignal): Promise<AgentRecord | undefined> {
    const path = '/agent/health/service/id/{id}';
    const run: Exchange['run'] = async (library, { ctx, token }) => {
      const headers = token === undefined ? {} : { 'x-consul-token': token };
      const response = await library._get({ path, params: { id: serviceId }, headers, ctx }).catch(stateOf);
      return [response, response.body];
    };
    const { body } = await this.#send({ signal, run });
    const [service, status] = [field(body, 'Service'), field(body, 'AggregatedStatus')];
    if (typeof status !== 'string') throw notConsul('/v1/agent/health/service/id');
    return typeof service === 'object' && service !== null ? { service, live: status !== 'critical' } : undefined;
  }

  /** `/v1/health/service/<name>`, items unchecked. */
  async instances(name: string, query: Query): Promise<Indexed<readonly unknown[]>> {
    const answer = await this.#read(query, (library, call) => library.health.service({ ...call, service: name }));
    const value = list(answer, '/v1/health/service');
    if (value.length === 0 && answer.header('x-consul-results-filtered-by-acls') === 'true') throw filteredByAcl();
    return { index: indexOf(answer), value };
  }

  /** Every check of every node, items unchecked. */
  async checks(query: Query): Promise<Indexed<readonly unknown[]>> {
    const answer = await this.#read(query, (library, call) => library.health.state({ ...call, state: 'any' }));
    return { index: indexOf(answer), value: list(answer, '/v1/health/state/any') };
  }

  /** Every machine of the cluster that the token may see, items unchecked. */
  async nodes(query: Query): Promise<Indexed<readonly unknown[]>> {
    const answer = await this.#read(query, (library, call) => library.catalog.node.list(call));
    return { index: indexOf(answer), value: list(answer, '/v1/catalog/nodes') };
  }

  /** Service names with all their tags, unchecked. */
  async services(query: Query): Promise<Indexed<Readonly<Record<string, unknown>>>> {
    const answer = await this.#read(query, (library, call) => library.catalog.service.list(call));
    const { body } = answer;
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw notConsul('/v1/catalog/services');
    return { index: indexOf(answer), value: body as Record<string, unknown> };
  }

  /** Closes every socket. */
  close(): void {
    this.#calls.close();
    this.#watches.close();
  }

  #send(exchange: Exchange): Promise<Answer> {
    return this.#gate.pass(exchange.signal, () => this.#calls.send(exchange));
  }

  #read(
    { signal, index, waitMs, filter, consistent, background = false }: Query,
    run: Exchange['run'],
  ): Promise<Answer> {
    const exchange: Exchange = {
      signal,
      blocks: index !== undefined,
      run: (library, call) =>
        run(library, {
          ...call,
          ...(this.#datacenter === undefined ? {} : { dc: this.#datacenter }),
          ...(filter === undefined ? {} : { filter }),
          ...(consistent === true ? { consistent } : {}),
          ...(index === undefined ? {} : { index: `${index}`, wait: `${waitMs ?? 1_000}ms` }),
        }),
    };
    if (!background) return this.#send(exchange);
    const watch = (): Promise<Answer> => this.#watches.send(exchange);
    // A blocking query passes without the gate, since it would hold its room for as long as it waits.
    return index === undefined ? this.#gate.pass(signal, watch) : watch();
  }
}

/** The state of a service comes as an HTTP status: 404 for none, 429 and 503 for checks that do not pass. */
function stateOf(cause: unknown): LibraryResponse {
  const response = field(cause, 'response');
  if (field(field(response, 'body'), 'AggregatedStatus') === undefined) throw cause;
  return response as LibraryResponse;
}

function list({ body }: Answer, path: string): readonly unknown[] {
  if (!Array.isArray(body)) throw notConsul(path);
  return body;
}

/** Never 0, since 0 would not block. */
function indexOf(answer: Answer): number {
  const index = Number(answer.header('x-consul-index'));
  return Number.isSafeInteger(index) && index > 0 ? index : 1;
}
