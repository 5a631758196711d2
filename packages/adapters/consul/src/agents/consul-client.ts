import { EventEmitter } from 'node:events';
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '@rollcall/core';
import { AnswerError } from '../consul-error.ts';
import { abortedWriteMs, type ConsulTls, maxAnswerBytes, maxInFlight } from '../consul-options.ts';
import { type Library, type LibraryAnswer, type LibraryCall, openLibrary } from './library.ts';

/** What a client is made of. */
export interface ClientOptions {
  readonly url: URL;
  readonly tls: ConsulTls;
  readonly namespace: string | undefined;
  readonly token: () => string | undefined;
  readonly clock: Clock;
  /** Of a watch: its sockets must not hold the process. */
  readonly background: boolean;
}

/** One request. */
export interface Exchange {
  readonly signal: AbortSignal;
  /** It changes something, so an abort waits a little for the answer: the next write must not be overtaken. */
  readonly writes?: boolean | undefined;
  run(library: Library, call: LibraryCall): Promise<LibraryAnswer>;
}

/** What came back. */
export interface Answer {
  readonly body: unknown;
  header(name: string): string | undefined;
}

/**
 * The client library with what it lacks: an `AbortSignal`, an end for every request (of an answer that breaks off it
 * hears nothing, and waits for ever), a limit to the answer's size, sockets that do not hold the process.
 */
export class ConsulClient {
  readonly #options: ClientOptions;
  readonly #library: Library;
  readonly #sockets = new WeakSet<Socket>();
  #lostSockets = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    const { url, tls, namespace, background } = options;
    const settings = { keepAlive: true, ...(background ? {} : { maxSockets: maxInFlight }) };
    const agent =
      url.protocol === 'https:' ? new HttpsAgent({ ...settings, ...withoutAbsent(tls) }) : new HttpAgent(settings);
    this.#library = openLibrary(url, agent, namespace);
    this.#library._ext('onRequest', (request, next) => {
      const { transport } = request;
      request.transport = {
        request: (requestOptions) => watched(transport.request(requestOptions), (socket) => this.#take(socket)),
      };
      next();
    });
  }

  /** How many of its sockets have ended. While it stays the same, the agent that answers is the one that did before. */
  get lostSockets(): number {
    return this.#lostSockets;
  }

  /** Rejects with `AnswerError` for a failed status, with the socket's error, and with the abort reason. */
  async send({ signal, writes = false, run }: Exchange): Promise<Answer> {
    signal.throwIfAborted();
    const ctx = Object.assign(new EventEmitter(), { includeResponse: true as const });
    const { clock } = this.#options;
    let cancelGrace = (): void => {};
    const cancel = (): void => void ctx.emit('cancel');
    const onAbort = (): void => {
      if (writes) cancelGrace = clock.setTimer(abortedWriteMs, cancel);
      else cancel();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const token = this.#options.token();
      const [response, body] = await run(this.#library, { ctx, ...(token === undefined ? {} : { token }) });
      return { body, header: (name) => headerOf(response, name) };
    } catch (cause) {
      throw signal.aborted ? signal.reason : explained(cause);
    } finally {
      cancelGrace();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Frees every socket. */
  close(): void {
    this.#library.destroy();
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

/** Before the library sees the request: what it does not listen for becomes an error that it does. */
function watched(request: ClientRequest, take: (socket: Socket) => void): ClientRequest {
  request.on('socket', take);
  request.once('response', (response: IncomingMessage) => {
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) request.destroy(new AnswerError(`answered more than ${maxAnswerBytes} bytes`));
    });
    response.once('error', (error) => request.emit('error', error));
  });
  return request;
}

function headerOf(response: IncomingMessage, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** `exactOptionalPropertyTypes`: an agent takes no undefined. */
function withoutAbsent({ ca, cert, key }: ConsulTls): {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
} {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** An error of the library as an answer with its status; anything else (sockets, TLS) as it is. */
function explained(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  if ('statusCode' in cause && typeof cause.statusCode === 'number')
    return new AnswerError(`answered ${cause.statusCode}: ${cause.message}`, { status: cause.statusCode, cause });
  if ('isCodec' in cause) return new AnswerError('answered with broken JSON: is it a Consul agent?', { cause });
  return cause;
}
