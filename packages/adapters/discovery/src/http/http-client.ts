import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { maxAnswerBytes, maxSockets } from '../discovery-options.ts';
import { HttpError } from './http-error.ts';

/** One request. */
export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal: AbortSignal;
}

/** A status and the JSON that came with it. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * JSON over one keep-alive pool. Not `fetch`: the socket of a stream must not hold the process open, which fetch
 * cannot say, and per request this costs half as much CPU.
 */
export class HttpClient {
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #agent: HttpAgent;

  constructor(base: URL, token: string | undefined) {
    this.#base = base;
    this.#token = token;
    const options = { keepAlive: true, maxSockets };
    this.#agent = base.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** Rejects with {@link HttpError} for anything but JSON, and with the abort reason. */
  async json(call: HttpCall): Promise<HttpAnswer> {
    const response = await this.#send(call, this.#agent);
    const text = await readText(response);
    try {
      return { status: response.statusCode ?? 0, body: JSON.parse(text) };
    } catch {
      throw new HttpError(`answered ${response.statusCode} without JSON: is it a Rollcall discovery server?`);
    }
  }

  /** A response whose body is read as it comes, on a connection of its own that does not hold the process open. */
  async stream(call: HttpCall): Promise<IncomingMessage> {
    return this.#send(call, undefined);
  }

  /** Frees every socket. */
  close(): void {
    this.#agent.destroy();
  }

  #send({ method, path, body, headers, signal }: HttpCall, agent: HttpAgent | undefined): Promise<IncomingMessage> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const send = this.#base.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(new URL(path, this.#base), {
        method,
        signal,
        agent: agent ?? false,
        headers: {
          accept: 'application/json, text/event-stream',
          ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.length }),
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          ...headers,
        },
      });
      if (agent === undefined) request.once('socket', (socket) => socket.unref());
      request.once('response', resolve);
      request.on('error', (error) => reject(signal.aborted ? signal.reason : error));
      request.end(payload);
    });
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new HttpError(`answered more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
