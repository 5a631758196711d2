/** A request as a job: the arguments of `fetch`, sent to any node. */
import type { FetchInit } from '../contract.ts';
import type { FetchLike } from '../options.ts';
import type { RemoteNode } from '../picking.ts';
import type { Result } from '../rule/health.ts';
import type { CallSettings } from '../settings/policy.ts';
import { failedOrigin } from './dispatcher.ts';
import type { Job } from './job.ts';
import { isOwnFault, isUnsent, resultOfError, resultOfStatus } from './outcome.ts';
import { urlAt } from './target.ts';

const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** Options of the global fetch beyond the standard. */
type NodeInit = RequestInit & { dispatcher?: NonNullable<RequestInit['dispatcher']> };

/** What is fetched. */
export interface Fetched {
  readonly url: URL;
  /** The Request, where the input is one. */
  readonly request: Request | undefined;
  readonly init: FetchInit | undefined;
}

/** Whether a body of this type can be sent again. */
function canBeSentAgain(body: unknown): boolean {
  return (
    body == null ||
    typeof body === 'string' ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body) ||
    body instanceof Blob ||
    body instanceof FormData ||
    body instanceof URLSearchParams
  );
}

/** A request as a job; see the top of the file. */
export class FetchJob implements Job<Response> {
  readonly needsSignal = false;
  readonly #fetched: Fetched;
  readonly #settings: CallSettings;
  readonly #fetch: FetchLike;
  readonly #dispatcher: RequestInit['dispatcher'];

  constructor(fetched: Fetched, settings: CallSettings, fetch: FetchLike, dispatcher: RequestInit['dispatcher']) {
    this.#fetched = fetched;
    this.#settings = settings;
    this.#fetch = fetch;
    this.#dispatcher = dispatcher;
  }

  get signal(): AbortSignal | undefined {
    const { request, init } = this.#fetched;
    return (init?.signal === undefined ? request?.signal : init.signal) ?? undefined;
  }

  get isRepeatable(): boolean {
    const { request, init } = this.#fetched;
    return canBeSentAgain(init?.body === undefined ? request?.body : init.body);
  }

  get isIdempotent(): boolean {
    const { request, init } = this.#fetched;
    const method = init?.method ?? request?.method ?? 'GET';
    if (this.#settings.idempotent !== undefined) return this.#settings.idempotent;
    if (idempotentMethods.has(method.toUpperCase())) return true;
    const headers = new Headers(init?.headers ?? request?.headers);
    return headers.has('idempotency-key');
  }

  start(node: RemoteNode, signal: AbortSignal | undefined): Promise<Response> {
    const { url, request, init } = this.#fetched;
    const target = urlAt(url, node);
    const { rollcall, ...own } = init ?? {};
    const options: NodeInit = {
      ...(this.#dispatcher === undefined ? {} : { dispatcher: this.#dispatcher }),
      ...own,
      ...(signal === undefined ? {} : { signal }),
    };
    if (request === undefined) return this.#fetch(target, options);
    // The copy has the class of the input, since a fetch of the caller may know only its own Request class.
    const RequestLike = request.constructor as typeof Request;
    return this.#fetch(new RequestLike(target, request), options);
  }

  judge({ status, headers }: Response): Result {
    // A fake of the caller may have no headers.
    return resultOfStatus(status, (headers as Headers | undefined)?.has?.('retry-after') === true);
  }

  judgeError(error: unknown, node: RemoteNode): Result {
    if (isOwnFault(error)) return 'cancelled';
    const result = resultOfError(error);
    const origin = isUnsent(result) ? failedOrigin(error) : undefined;
    // A redirect led to a place without a connection; the node itself has answered.
    return origin !== undefined && origin !== new URL(urlAt(this.#fetched.url, node)).origin ? 'answered' : result;
  }

  wantsRepeat({ status }: Response): boolean {
    return this.#settings.retryStatus.includes(status);
  }

  discard(response: Response): void {
    response.body?.cancel().catch(() => {});
  }

  failure(error: Error): unknown {
    return new TypeError('fetch failed', { cause: error });
  }
}
