import type { IncomingMessage } from 'node:http';
import { type HttpAnswer, meantByAll } from './http-answer.ts';
import { type HttpCall, HttpClient, type HttpClientOptions } from './http-client.ts';
import { HttpError } from './http-error.ts';

/** What an answer's envelope says about its server. */
export interface HeardEnvelope {
  readonly epoch: unknown;
  readonly warming: unknown;
  readonly durable: unknown;
}

/** What {@link ApiClient} works with. */
export interface ApiClientOptions extends HttpClientOptions {
  /** Called with the envelope of every answer, refusals included. */
  readonly heard?: ((envelope: HeardEnvelope) => void) | undefined;
}

/** The discovery server's own API, `/api/*`, without the envelope. Only this class knows what counts as a refusal. */
export class ApiClient {
  readonly #options: ApiClientOptions;
  readonly #http: HttpClient;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    this.#http = new HttpClient(options);
  }

  /** The fields of `data`. Rejects with {@link HttpError} for any status but 200. */
  async call(call: HttpCall): Promise<Record<string, unknown>> {
    const answer = await this.#ask(call);
    const { data, epoch, warming, durable } = fieldsOf(answer.body);
    this.#options.heard?.({ epoch, warming, durable });
    if (answer.status === 200) return fieldsOf(data);
    throw refusal('answered', answer);
  }

  /** A stream of events. Rejects with {@link HttpError} for anything else. */
  async events(call: HttpCall): Promise<IncomingMessage> {
    const used = this.#options.credentials.token;
    const first = await this.#http.stream(call);
    const response = this.#isWorthRepeating(first.statusCode, used) ? await this.#again(first, call) : first;
    if (response.statusCode === 200 && /^text\/event-stream\b/i.test(response.headers['content-type'] ?? ''))
      return response;
    try {
      throw refusal('refused a watch with', await this.#http.refusal(response, call.signal));
    } finally {
      response.destroy();
    }
  }

  async #ask(call: HttpCall): Promise<HttpAnswer> {
    const used = this.#options.credentials.token;
    const answer = await this.#http.json(call);
    return this.#isWorthRepeating(answer.status, used) ? this.#http.json(call) : answer;
  }

  #again(refused: IncomingMessage, call: HttpCall): Promise<IncomingMessage> {
    refused.destroy();
    return this.#http.stream(call);
  }

  /**
   * Whether to repeat the call with another token: the server refused the token of the call, and the token file has
   * changed since.
   */
  #isWorthRepeating(status: number | undefined, used: string | undefined): boolean {
    return status === 401 && this.#options.credentials.hasOtherToken(used);
  }

  /** A file. Rejects with {@link HttpError} for anything else. */
  async file(call: HttpCall, type: string): Promise<IncomingMessage> {
    const response = await this.#http.stream(call);
    if (response.statusCode === 200 && response.headers['content-type'] === type) return response;
    try {
      throw refusal('answered', await this.#http.refusal(response, call.signal));
    } finally {
      response.destroy();
    }
  }

  /** Frees every socket. */
  close(): void {
    this.#http.close();
  }
}

/** The list of an answer. Another program at the address must not look like an empty roll. */
export function listOf(fields: Record<string, unknown>, name: string): readonly unknown[] {
  const list = fields[name];
  if (Array.isArray(list)) return list;
  throw new HttpError(`answered without ${name}: is it a Rollcall discovery server?`);
}

/**
 * The error for a refused request. A status has our API's meaning only inside our envelope; other JSON comes from a
 * gateway.
 */
function refusal(verb: string, { status, body, retryAfterMs }: HttpAnswer): HttpError {
  const { code, message } = fieldsOf(body);
  if (typeof code !== 'number' && !meantByAll.has(status) && status < 500)
    return new HttpError(`${verb} ${status}: is it a Rollcall discovery server?`);
  return new HttpError(`${verb} ${status}${typeof message === 'string' ? `: ${message}` : ''}`, status, retryAfterMs);
}

const fieldsOf = (body: unknown): Record<string, unknown> =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
