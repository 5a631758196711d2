/** Agents for got, axios and node:http that know service names: they pick per request, not per socket. */
import { Agent, type AgentOptions, type ClientRequest } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Attempt, Client, Outcome } from '@rollcall/client';

/** Options of {@link rollcallAgents}, as of Node's Agent. */
export interface RollcallAgentOptions {
  /** Keep connections for the next request; default true. */
  readonly keepAlive?: boolean | undefined;
  /** Per node; default Infinity. */
  readonly maxSockets?: number | undefined;
}

/** Where a request goes, as Node hands it to `addRequest`. */
interface Destination {
  host?: string | null | undefined;
  hostname?: string | null | undefined;
  port?: number | string | null | undefined;
  servername?: string | undefined;
}

/** Node calls it for every request; it is no part of the types, and Node's own documentation names it as the hook of agents. */
type AddRequest = (request: ClientRequest, options: Destination, ...rest: unknown[]) => void;

const defaultPorts: ReadonlySet<string> = new Set(['80', '443', '']);
const suffix = '.rollcall';
/** How long the first request for a name waits for a node. Milliseconds. */
const firstAnswerMs = 5_000;

/** The service that a host names: as for `client.fetch`, but for names with dots in `services`, which are not known here. */
function serviceOf({ host, hostname, port }: Destination): string | undefined {
  const name = host ?? hostname ?? '';
  if (!defaultPorts.has(String(port ?? ''))) return undefined;
  if (name.endsWith(suffix) && name.length > suffix.length) return name.slice(0, -suffix.length);
  return /^[^.:]+$/.test(name) && name !== 'localhost' ? name : undefined;
}

const unreachableCodes: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND']);
const ownCodes: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL']);

function outcomeOfError(error: unknown, wasAnswered: boolean): Outcome {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (ownCodes.has(code)) return 'cancelled';
  return unreachableCodes.has(code) && !wasAnswered ? 'unreachable' : 'failed';
}

function outcomeOfStatus(status: number, retryAfter: string | undefined): Outcome {
  if (status === 429 || (status === 503 && retryAfter !== undefined)) return 'busy';
  return status === 500 || (status >= 502 && status <= 504) ? 'failed' : 'ok';
}

/** Counts the attempt until its headers, its error, or its end without either. */
function follow(request: ClientRequest, attempt: Attempt): void {
  let wasAnswered = false;
  request.once('response', ({ statusCode = 0, headers }) => {
    wasAnswered = true;
    attempt.release(outcomeOfStatus(statusCode, headers['retry-after']));
  });
  request.once('error', (error) => attempt.release(outcomeOfError(error, wasAnswered)));
  request.once('close', () => attempt.release('cancelled'));
}

/** A request without a socket yet. */
interface Pending {
  onSocket(socket: undefined, error: unknown): void;
}

interface Routed {
  readonly client: Client;
  readonly addRequest: AddRequest;
  readonly secure: boolean;
}

function route({ client, addRequest, secure }: Routed, request: ClientRequest, options: Destination): void {
  const name = serviceOf(options);
  if (name === undefined) {
    addRequest(request, options);
    return;
  }
  const service = client.service(name);
  const begin = (): void => {
    if (request.destroyed) return;
    const attempt = service.acquire();
    const { host, port } = attempt.node;
    follow(request, attempt);
    // The certificate must name the service, as the Host header does.
    addRequest(request, { ...options, host, hostname: host, port, ...(secure ? { servername: name } : {}) });
  };
  // Report the error as Node's own agent does when it cannot make a socket: `destroy` alone reports nothing before a socket exists.
  const fail = (error: unknown): void => (request as unknown as Pending).onSocket(undefined, error);
  const tryBegin = (): void => {
    try {
      begin();
    } catch (error) {
      fail(error);
    }
  };
  if (service.nodes.length > 0 || service.state.status !== 'connecting') tryBegin();
  else firstAnswer(client, name).then(tryBegin, tryBegin);
}

/** The first request for a name waits for the registry; one that finds no node says why. */
async function firstAnswer(client: Client, name: string): Promise<void> {
  const abort = new AbortController();
  const stop = client.on('status', (state) => {
    if (state.name === name) abort.abort();
  });
  try {
    await client.ready(name, { timeoutMs: firstAnswerMs, signal: abort.signal });
  } finally {
    stop();
  }
}

function prototypeOf(agent: Agent): { addRequest: AddRequest } {
  return agent as unknown as { addRequest: AddRequest };
}

function withNames<A extends Agent>(agent: A, client: Client, secure: boolean): A {
  const hooks = prototypeOf(agent);
  const addRequest = hooks.addRequest.bind(agent);
  hooks.addRequest = (request, options) => route({ client, addRequest, secure }, request, options);
  return agent;
}

/**
 * An Agent per protocol for got, axios and node:http. A host without dot and port, or `*.rollcall`, is a service name;
 * all else passes through. `Host` stays the service name. A failed attempt is counted and ejects; repeating is the HTTP
 * client's.
 */
export function rollcallAgents(
  client: Client,
  options: RollcallAgentOptions = {},
): { readonly http: Agent; readonly https: HttpsAgent } {
  const { keepAlive = true, maxSockets = Number.POSITIVE_INFINITY } = options;
  const shared: AgentOptions = { keepAlive, maxSockets };
  return {
    http: withNames(new Agent(shared), client, false),
    https: withNames(new HttpsAgent(shared), client, true),
  };
}
