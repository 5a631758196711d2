/** Translates an answer or an error of an attempt into an outcome for the node. */
import type { Outcome } from '../picking.ts';
import type { Result } from '../rule/health.ts';
import { ownFaults } from '../shell/prober.ts';

const unreachableCodes: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const timeoutCodes: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
/** The request cannot be sent as it is, or the client was closed. */
const callerCodes: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);
const resetCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET']);

/** The fields of an error of Node or undici that are used. */
interface Trouble {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly socket?: unknown;
}

/** How deep causes are followed, since they may form a circle. */
const deepest = 8;

const asTrouble = (error: unknown): Trouble | undefined =>
  typeof error === 'object' && error !== null ? error : undefined;

function resultOfCode({ code, syscall }: Trouble): Result | undefined {
  if (typeof code !== 'string') return undefined;
  if (code === 'ECONNREFUSED') return 'refused';
  if (ownFaults.has(code) || callerCodes.has(code)) return 'cancelled';
  // On an established connection these codes do not mean that the connect failed: the request may have been sent.
  const isEstablished = syscall === 'read' || syscall === 'write';
  if (code === 'ETIMEDOUT') return isEstablished ? 'reset' : 'unreachable';
  if (unreachableCodes.has(code)) return isEstablished ? 'reset' : 'unreachable';
  if (timeoutCodes.has(code)) return 'timeout';
  return resetCodes.has(code) ? 'reset' : undefined;
}

/** The result of a call that failed, by the `code` of the error or of a cause. Without any code: `failed`. */
export function resultOfError(error: unknown): Result {
  let at = asTrouble(error);
  for (let depth = 0; depth < deepest && at !== undefined; depth += 1) {
    if (at.name === 'TimeoutError') return 'timeout';
    if (at.name === 'AbortError') return 'cancelled';
    const result = resultOfCode(at);
    if (result !== undefined) return result;
    // Several addresses of one host failed, each in its own way.
    at = asTrouble(at.cause ?? (Array.isArray(at.errors) ? at.errors[0] : undefined));
  }
  return 'failed';
}

/** Messages of failed connections from a fetch that gives no cause, such as a mock. */
const networkTexts: ReadonlySet<unknown> = new Set(['fetch failed', 'Failed to fetch']);

/**
 * Whether fetch refused the request itself: a body with GET, an invalid header, a port that browsers block, a redirect
 * that `init` forbids, a body that failed. Every network error has a `code`.
 */
export function isOwnFault(error: unknown): boolean {
  const outer = asTrouble(error);
  if (outer?.name !== 'TypeError' || (outer.cause === undefined && networkTexts.has(outer.message))) return false;
  let at: Trouble | undefined = outer;
  for (let depth = 0; depth < deepest && at !== undefined; depth += 1) {
    if (typeof at.code === 'string' || at.name === 'TimeoutError' || at.name === 'AbortError') return false;
    at = asTrouble(at.cause ?? (Array.isArray(at.errors) ? at.errors[0] : undefined));
  }
  return true;
}

/**
 * Whether a connection broke that had carried answers before. Servers close idle connections, and a caller that was
 * blocked for seconds finds all of its own closed at once, which says nothing about the load of the service.
 */
export function brokeOnReuse(error: unknown): boolean {
  let at = asTrouble(error);
  for (let depth = 0; depth < deepest && at !== undefined; depth += 1) {
    const socket = asTrouble(at.socket) as { readonly bytesRead?: unknown } | undefined;
    if (at.code === 'UND_ERR_SOCKET') return typeof socket?.bytesRead === 'number' && socket.bytesRead > 0;
    at = asTrouble(at.cause);
  }
  return false;
}

/** The result of a call that was answered, by the HTTP status. */
export function resultOfStatus(status: number, hasRetryAfter: boolean): Result {
  if (status < 400) return 'ok';
  if (status === 429 || (status === 503 && hasRetryAfter)) return 'busy';
  return status === 500 || (status >= 502 && status <= 504) ? 'failed' : 'answered';
}

/** The result that each outcome of a caller means for the rule. */
export const resultOfOutcome: Readonly<Record<Outcome, Result>> = {
  ok: 'ok',
  failed: 'failed',
  busy: 'busy',
  unreachable: 'unreachable',
  cancelled: 'cancelled',
};

/** Whether the request was certainly not sent. */
export const isUnsent = (result: Result): boolean => result === 'refused' || result === 'unreachable';
