import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type Clock, RegistryError } from '@rollcall/core';
import type { BackendEndpoint } from '@rollcall/core/adapter';
import { maxSockets } from '../discovery-options.ts';
import type { Credentials, TlsTexts } from './credentials.ts';
import { type HttpAnswer, readAnswer } from './http-answer.ts';
import { ConnectionError, HttpError } from './http-error.ts';

/** Sends one request. All requests are idempotent, so a request whose idle connection was closed is sent once more. */
export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Path and query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal: AbortSignal;
}

/** Where an {@link HttpClient} sends. */
export interface HttpClientOptions {
  readonly endpoint: BackendEndpoint;
  readonly credentials: Credentials;
  readonly clock: Clock;
}

/** The error codes of a socket that the other side had closed. */
const closedCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE']);

/**
 * JSON over one keep-alive pool. It is not `fetch`, since the socket of a stream must not keep the process alive, which
 * fetch cannot do; and it costs half as much CPU per request.
 */
export class HttpClient {
  readonly #options: HttpClientOptions;
  /**
   * The sockets, with the TLS files that they use. Made at the first call, and made anew when the files have changed.
   */
  #pool: { readonly agent: HttpAgent; readonly tls: TlsTexts } | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /**
   * Rejects with {@link HttpError} for an answer that is not JSON, with {@link ConnectionError} for a failed
   * connection, or with the abort reason.
   */
  async json(call: HttpCall): Promise<HttpAnswer> {
    try {
      const response = await this.#withCurrentTls(call, () => this.#sendTwice(call));
      return await readAnswer(response, this.#options.clock, call.signal);
    } catch (cause) {
      throw this.#explained(cause, call.signal);
    }
  }

  /** A response whose body is read as it arrives, on a connection of its own that does not keep the process alive. */
  async stream(call: HttpCall): Promise<IncomingMessage> {
    try {
      return await this.#withCurrentTls(call, () => responseOf(this.#request(call, false), call));
    } catch (cause) {
      throw this.#explained(cause, call.signal);
    }
  }

  /** Reads an answer that is not a stream, where a stream was expected. */
  refusal(response: IncomingMessage, signal: AbortSignal): Promise<HttpAnswer> {
    return readAnswer(response, this.#options.clock, signal);
  }

  /** Closes every socket. */
  close(): void {
    this.#pool?.agent.destroy();
  }

  get #current(): { readonly agent: HttpAgent; readonly tls: TlsTexts } {
    const { endpoint, credentials } = this.#options;
    const settings = { keepAlive: true, maxSockets };
    this.#pool ??= endpoint.secure
      ? { agent: new HttpsAgent({ ...settings, ...credentials.tls }), tls: credentials.tls }
      : { agent: new HttpAgent(settings), tls: {} };
    return this.#pool;
  }

  /** A connection that fails because of a certificate that has been replaced since is tried once more with the new one. */
  async #withCurrentTls<T>({ signal }: HttpCall, send: () => Promise<T>): Promise<T> {
    const { endpoint, credentials } = this.#options;
    const { tls, agent } = this.#current;
    try {
      return await send();
    } catch (cause) {
      if (!endpoint.secure || signal.aborted || !credentials.hasOtherTls(tls)) throw cause;
      if (this.#pool?.agent === agent) {
        agent.destroy();
        this.#pool = undefined;
      }
      return await send();
    }
  }

  /** A balancer closes idle connections silently, and the next request on one fails. */
  async #sendTwice(call: HttpCall): Promise<IncomingMessage> {
    const request = this.#request(call, this.#current.agent);
    try {
      const response = await responseOf(request, call);
      // HAProxy sends 408 on an idle connection, where it is read as the answer to the next request.
      if (!request.reusedSocket || response.statusCode !== 408) return response;
      response.destroy();
    } catch (cause) {
      // A firewall that has forgotten a connection drops requests on it silently.
      const isSilent = RegistryError.is(call.signal.reason, 'TIMEOUT');
      if (request.reusedSocket && isSilent) this.#closeIdle();
      const wasIdle = request.reusedSocket && closedCodes.has(codeOf(cause));
      if (!wasIdle || call.signal.aborted) throw cause;
    }
    this.#closeIdle();
    return responseOf(this.#request(call, this.#current.agent), call);
  }

  /** Closes all idle connections after one was dead: the others were idle as long, so the next call opens a new one. */
  #closeIdle(): void {
    for (const sockets of Object.values(this.#current.agent.freeSockets))
      for (const socket of sockets ?? []) socket.destroy();
  }

  #request({ method, path, body, headers, signal }: HttpCall, agent: HttpAgent | false): ClientRequest {
    const { endpoint, credentials } = this.#options;
    const { token } = credentials;
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const send = endpoint.secure ? httpsRequest : httpRequest;
    const request = send(`${endpoint.origin}${endpoint.path}${path}`, {
      method,
      signal,
      agent,
      // A connection without an agent gets the credentials only from here.
      ...(agent === false ? this.#current.tls : {}),
      headers: {
        accept: 'application/json, text/event-stream',
        ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.length }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    });
    if (agent === false) request.once('socket', (socket) => socket.unref());
    request.end(payload);
    return request;
  }

  #explained(cause: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    const { address, secure } = this.#options.endpoint;
    return cause instanceof HttpError ? cause : new ConnectionError(address, secure, cause);
  }
}

const codeOf = (cause: unknown): string => (cause instanceof Error && 'code' in cause ? String(cause.code) : '');

function responseOf(request: ClientRequest, { signal }: HttpCall): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    // An answer that switches the protocol ends the connection, and Node reports no error.
    request.once('close', () => reject(new Error('the connection ended without an answer')));
  });
}
