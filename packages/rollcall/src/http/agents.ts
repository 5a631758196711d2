/** Agents for got, axios and node:http that know service names. They pick per request, not per socket. */
import { errorMonitor } from 'node:events';
import { Agent, type AgentOptions, type ClientRequest } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Attempt, Client, Outcome, RemoteNode } from '@rollcall/client';
import { type Clock, RegistryError, systemClock } from '@rollcall/core';

/** Options of {@link rollcallAgents}, as of Node's Agent. */
export interface RollcallAgentOptions {
  /** Whether connections are kept for the next request; default true. */
  readonly keepAlive?: boolean | undefined;
  /**
   * Most sockets per node; default Infinity. Sensible values are 10 and more; fewer makes requests to a busy node wait
   * for a socket, more opens more connections to it.
   */
  readonly maxSockets?: number | undefined;
  /** Names with a dot that are services, besides `*.rollcall`, like the keys of a client's `services` for `client.fetch`. */
  readonly services?: readonly string[] | undefined;
  /**
   * Limit of one connection attempt at a node, after which the request fails with `ETIMEDOUT` and the node counts as
   * unreachable. Milliseconds; default 1,000 (range 1 to 600,000), as for `client.fetch`. Sensible values are 200 ms to 3 s;
   * shorter gives up nodes on a slow link, longer holds a request at a lost host.
   */
  readonly connectTimeoutMs?: number | undefined;
  /** Source of time; default: the system's clock. */
  readonly clock?: Clock | undefined;
}

/** The target of a request, as Node passes it to `addRequest`. */
interface Destination {
  host?: string | null | undefined;
  hostname?: string | null | undefined;
  port?: number | string | null | undefined;
  servername?: string | undefined;
}

/**
 * Node calls this method for every request. The types do not have it, but Node's documentation names it as the hook of
 * agents.
 */
type AddRequest = (request: ClientRequest, options: Destination, ...rest: unknown[]) => void;

const defaultPorts: ReadonlySet<string> = new Set(['80', '443', '']);
const suffix = '.rollcall';
/** How long the first request for a name waits for a node. Milliseconds. */
const firstAnswerMs = 5_000;
/** As the client's own `connectTimeoutMs`. Milliseconds. */
const defaultConnectTimeoutMs = 1_000;
const longestConnectTimeoutMs = 600_000;

/** The service that a host names, as for `client.fetch`. */
function serviceOf({ host, hostname, port }: Destination, names: ReadonlySet<string>): string | undefined {
  const name = (host ?? hostname ?? '').toLowerCase();
  if (!defaultPorts.has(String(port ?? ''))) return undefined;
  if (names.has(name)) return name;
  if (name.endsWith(suffix) && name.length > suffix.length) return name.slice(0, -suffix.length);
  return /^[^.:]+$/.test(name) && name !== 'localhost' ? name : undefined;
}

const unreachableCodes: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND']);
const ownCodes: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL']);

function outcomeOfError(error: unknown, wasAnswered: boolean): Outcome {
  const { code, syscall } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  if (ownCodes.has(code)) return 'cancelled';
  // `ETIMEDOUT` of any other call means that the connection had been made.
  const isRefused = unreachableCodes.has(code) || (code === 'ETIMEDOUT' && syscall === 'connect');
  return isRefused && !wasAnswered ? 'unreachable' : 'failed';
}

function outcomeOfStatus(status: number, retryAfter: string | undefined): Outcome {
  if (status === 429 || (status === 503 && retryAfter !== undefined)) return 'busy';
  return status === 500 || (status >= 502 && status <= 504) ? 'failed' : 'ok';
}

/** Counts the attempt until its headers, its error, or its end without either. */
function follow(request: ClientRequest, attempt: Attempt): void {
  let wasAnswered = false;
  // This listener comes first, so that it still sees a `once` listener of the caller when it counts listeners.
  request.prependOnceListener('response', (response) => {
    const { statusCode = 0, headers } = response;
    wasAnswered = true;
    attempt.release(outcomeOfStatus(statusCode, headers['retry-after']));
    // Without a listener Node discards the answer, which frees the socket; this listener must not prevent that.
    if (request.listenerCount('response') === 0) response.resume();
  });
  // This agent does not listen for `error`: a request whose error has no listener must fail as loudly as without this
  // agent.
  request.once(errorMonitor, (error: unknown) => attempt.release(outcomeOfError(error, wasAnswered)));
  request.once('close', () => attempt.release('cancelled'));
}

interface ConnectLimit {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
}

/** Ends a request whose connection is not made in time: the kernel would try for two minutes. */
function limitConnecting(request: ClientRequest, { host, port }: RemoteNode, limit: ConnectLimit): void {
  const { clock, connectTimeoutMs: timeoutMs } = limit;
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const end = (): void => {
      if (!socket.connecting) return;
      const text = `connect ETIMEDOUT ${host}:${port} (no connection within ${timeoutMs} ms)`;
      socket.destroy(Object.assign(new Error(text), { code: 'ETIMEDOUT', syscall: 'connect' }));
    };
    // After a blocked loop timers fire before the sockets are looked at, which may have connected long ago.
    const stop = clock.setTimer(timeoutMs, () => setImmediate(end));
    socket.once('connect', stop).once('close', stop);
  });
}

/** A request without a socket yet. */
interface Pending {
  onSocket(socket: undefined, error: unknown): void;
}

interface Routed extends ConnectLimit {
  readonly client: Client;
  readonly addRequest: AddRequest;
  readonly secure: boolean;
  readonly names: ReadonlySet<string>;
}

/** Sends a request to a picked node. The request ends with the error even if the client cannot begin. */
function route(routed: Routed, request: ClientRequest, options: Destination): void {
  // As Node's own agent reports a socket that could not be made; `destroy` alone says nothing before there is a socket.
  const fail = (error: unknown): void => (request as unknown as Pending).onSocket(undefined, error);
  try {
    send(routed, request, options, fail);
  } catch (error) {
    fail(error);
  }
}

function send(routed: Routed, request: ClientRequest, options: Destination, fail: (error: unknown) => void): void {
  const { client, addRequest, secure, names } = routed;
  const name = serviceOf(options, names);
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
    limitConnecting(request, attempt.node, routed);
    // The certificate must name the service, as the Host header does.
    addRequest(request, { ...options, host, hostname: host, port, ...(secure ? { servername: name } : {}) });
  };
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

/** The first request for a name waits for the registry. If there is no node, the error says why. */
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

function withNames<A extends Agent>(agent: A, routed: Omit<Routed, 'addRequest'>): A {
  const hooks = prototypeOf(agent);
  const addRequest = hooks.addRequest.bind(agent);
  hooks.addRequest = (request, options) => route({ ...routed, addRequest }, request, options);
  return agent;
}

function checkedTimeout(value: unknown): number {
  if (typeof value === 'number' && value >= 1 && value <= longestConnectTimeoutMs) return value;
  const wanted = `a number of milliseconds from 1 to ${longestConnectTimeoutMs}`;
  throw new RegistryError('INVALID_ARGUMENT', `connectTimeoutMs must be ${wanted}, got ${String(value)}`);
}

/**
 * One Agent per protocol for got, axios and node:http. A host without dot and port, or `*.rollcall`, or one of
 * `services`, is a service name; all other hosts pass through. `Host` stays the service name. A failed attempt is
 * counted and may eject its node; the HTTP client decides about repeats.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a `connectTimeoutMs` out of range.
 */
export function rollcallAgents(
  client: Client,
  options: RollcallAgentOptions = {},
): { readonly http: Agent; readonly https: HttpsAgent } {
  const { keepAlive = true, maxSockets = Number.POSITIVE_INFINITY, clock = systemClock } = options;
  const names = new Set(options.services ?? []);
  const connectTimeoutMs = checkedTimeout(options.connectTimeoutMs ?? defaultConnectTimeoutMs);
  const shared: AgentOptions = { keepAlive, maxSockets };
  const routed = { client, names, clock, connectTimeoutMs };
  return {
    http: withNames(new Agent(shared), { ...routed, secure: false }),
    https: withNames(new HttpsAgent(shared), { ...routed, secure: true }),
  };
}
