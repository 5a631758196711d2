import { EventEmitter } from 'node:events';
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { type Clock, RegistryError } from '@rollcall/core';
import { onAbort } from '@rollcall/core/adapter';
import { AnswerError, toAnswerError } from '../consul-error.ts';
import { type AgentAddress, abortedWriteMs, type ConsulTls, maxAnswerBytes, maxInFlight } from '../consul-options.ts';
import { type Library, type LibraryAnswer, type LibraryCall, openLibrary } from './library.ts';

/** What a client is made of. */
export interface ClientOptions {
  readonly address: AgentAddress;
  readonly tls: ConsulTls;
  readonly namespace: string | undefined;
  readonly token: () => string | undefined;
  /** `user:password` of a proxy. */
  readonly auth: string | undefined;
  readonly clock: Clock;
  /** True: the client of a watch, whose sockets must not keep the process alive. */
  readonly background: boolean;
}

/** One request. All requests are idempotent. */
export interface Exchange {
  readonly signal: AbortSignal;
  /** The request changes something, so an abort waits a little for the answer: the next write must not be overtaken. */
  readonly writes?: boolean | undefined;
  /** The request belongs to the process that answered before; on a new connection another process may listen. */
  readonly blocks?: boolean | undefined;
  run(library: Library, call: LibraryCall): Promise<LibraryAnswer>;
}

/** An answer. */
export interface Answer {
  readonly body: unknown;
  header(name: string): string | undefined;
}

type Context = LibraryCall['ctx'];

/**
 * The client library with what it lacks: an `AbortSignal`, an end for every request (it waits for ever for an answer
 * that breaks off), a limit on the answer's size, sockets that do not keep the process alive, and a second try where a
 * kept connection had been closed.
 */
export class ConsulClient {
  readonly #options: ClientOptions;
  readonly #library: Library;
  readonly #agent: HttpAgent;
  readonly #sockets = new WeakSet<Socket>();
  readonly #requests = new WeakMap<object, ClientRequest>();
  #lostSockets = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    const { address, tls, background } = options;
    // Twice as many sockets as requests, because the question whether the agent still answers does not wait at the
    // gate.
    const settings = { keepAlive: true, ...(background ? {} : { maxSockets: 2 * maxInFlight }) };
    this.#agent = address.secure ? new HttpsAgent({ ...settings, ...agentTls(tls) }) : new HttpAgent(settings);
    this.#library = openLibrary(address, this.#agent, headersOf(options));
    this.#library._ext('onRequest', (request, next) => {
      const { transport, ctx } = request;
      request.transport = {
        request: (requestOptions) => {
          // The library would look up the name "[::1]".
          const hostname = requestOptions.hostname?.replace(/^\[|\]$/g, '') ?? null;
          const made = watched(transport.request({ ...requestOptions, hostname }), (socket) => this.#take(socket));
          if (ctx !== undefined) this.#requests.set(ctx, made);
          return made;
        },
      };
      next();
    });
  }

  /** How many sockets of this client have ended. While the number stays the same, the same agent answers. */
  get lostSockets(): number {
    return this.#lostSockets;
  }

  /** Rejects with `AnswerError` for a failed status, with the socket's error, or with the abort reason. */
  async send(exchange: Exchange): Promise<Answer> {
    const { signal, blocks = false } = exchange;
    signal.throwIfAborted();
    const ctx = newContext();
    try {
      return await this.#attempt(exchange, ctx);
    } catch (cause) {
      const wasIdle = this.#requests.get(ctx)?.reusedSocket === true;
      if (!wasIdle || !(signal.aborted ? ranOutOfTime(signal) : saysClosed(cause))) throw cause;
      // The other idle sockets are as old as the dead one, so they end too.
      for (const socket of Object.values(this.#agent.freeSockets).flat()) socket?.destroy();
      if (signal.aborted || blocks) throw cause;
      return this.#attempt(exchange, newContext());
    }
  }

  /** Closes every socket. */
  close(): void {
    this.#library.destroy();
  }

  async #attempt({ signal, writes = false, run }: Exchange, ctx: Context): Promise<Answer> {
    let cancelGrace = (): void => {};
    const cancel = (): void => void ctx.emit('cancel');
    const stop = onAbort(signal, () => {
      if (writes) cancelGrace = this.#options.clock.setTimer(abortedWriteMs, cancel);
      else cancel();
    });
    try {
      const token = this.#options.token();
      const [response, body] = await run(this.#library, { ctx, ...(token === undefined ? {} : { token }) });
      return { body, header: (name) => headerOf(response, name) };
    } catch (cause) {
      throw signal.aborted ? signal.reason : toAnswerError(cause);
    } finally {
      cancelGrace();
      stop();
    }
  }

  #take(socket: Socket): void {
    if (this.#options.background) socket.unref();
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#lostSockets += 1;
    });
  }
}

/** A balancer resets a connection that it has closed, or sends 408 on it before it closes it. */
function saysClosed(cause: unknown): boolean {
  if (cause instanceof AnswerError) return cause.status === 408;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ECONNRESET' || code === 'ECONNABORTED' || code === 'EPIPE';
}

/**
 * A firewall that has forgotten a connection swallows requests on it. An abort by the caller does not show that this
 * happened.
 */
const ranOutOfTime = ({ reason }: AbortSignal): boolean =>
  RegistryError.is(reason, 'TIMEOUT') || reason instanceof AnswerError;

const newContext = (): Context => Object.assign(new EventEmitter(), { includeResponse: true as const });

/** The library's methods do not know namespaces, but every endpoint of Consul takes one as a header. */
function headersOf({ namespace, auth }: ClientOptions): Readonly<Record<string, string>> {
  return {
    ...(namespace === undefined ? {} : { 'x-consul-namespace': namespace }),
    ...(auth === undefined ? {} : { authorization: `Basic ${Buffer.from(auth).toString('base64')}` }),
  };
}

/** Runs before the library sees the request: turns events that the library does not listen for into an error that it does. */
function watched(request: ClientRequest, take: (socket: Socket) => void): ClientRequest {
  request.on('socket', take);
  // An answer that switches the protocol ends the connection, and Node reports no error.
  request.once('close', () => request.emit('error', new AnswerError('ended the connection without an answer')));
  request.once('response', (response: IncomingMessage) => {
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes)
        request.destroy(new AnswerError(`answered more than ${maxAnswerBytes} bytes: is it a Consul agent?`));
    });
    response.once('error', (error) => request.emit('error', error));
  });
  return request;
}

function headerOf(response: IncomingMessage, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Leaves out undefined fields, which `exactOptionalPropertyTypes` forbids. */
function agentTls({ ca, cert, key, serverName }: ConsulTls): object {
  return Object.fromEntries(
    Object.entries({ ca, cert, key, servername: serverName }).filter(([, value]) => value !== undefined),
  );
}
