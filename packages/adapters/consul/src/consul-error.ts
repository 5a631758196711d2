import { RegistryError, type RegistryErrorCode } from '@rollcall/core';
import { type EntryKey, explainTls } from '@rollcall/core/adapter';

/** An answer that did not come from an agent, or an answer whose status says that the request failed. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  /** The HTTP status; undefined when the answer was not complete. */
  readonly status: number | undefined;
  /** Whether the answer is an HTML page, which comes from a program between us and the agent. */
  readonly isPage: boolean;
  /** How long the answer's `Retry-After` asks clients to wait. Milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: AnswerErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.status = options.status;
    this.isPage = options.isPage ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The fields of an {@link AnswerError}. */
export interface AnswerErrorOptions {
  readonly status?: number | undefined;
  readonly isPage?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

// The only place where an HTTP status becomes a code.
const codes: Readonly<Record<number, RegistryErrorCode>> = {
  // The guard has checked the arguments, so a refusal by Consul is a defect of ours.
  400: 'INTERNAL',
  401: 'UNAUTHORIZED',
  403: 'UNAUTHORIZED',
  // Calls that expect a 404 of Consul handle it themselves; a 404 anywhere else comes from another program.
  404: 'UNAVAILABLE',
  413: 'RESOURCE_EXHAUSTED',
};

/** The names of the TLS options in messages. */
export const tlsNames = {
  ca: 'CONSUL_CACERT or tls.ca',
  cert: 'CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY, or tls.cert and tls.key',
};

/** Translates a failure on the way to an agent into a `RegistryError`. */
export function toConsulError(cause: unknown): RegistryError {
  if (RegistryError.is(cause)) return cause;
  if (cause instanceof AnswerError) {
    // 429 and 5xx: too busy, no leader, cut off from the servers.
    const said = (cause.status === undefined ? undefined : codes[cause.status]) ?? 'UNAVAILABLE';
    // An HTML page that refuses our arguments comes from another program, so it shows no defect of ours.
    const code = cause.isPage && said === 'INTERNAL' ? 'UNAVAILABLE' : said;
    return new RegistryError(code, `the Consul agent ${cause.message}`, { cause });
  }
  if (cause instanceof Error && (cause.name === 'AbortError' || cause.name === 'TimeoutError')) {
    return new RegistryError('TIMEOUT', 'the Consul agent did not answer in time', { cause });
  }
  // Errors of sockets: refused, reset, unreachable, unknown host, TLS.
  if (cause instanceof Error && 'code' in cause) {
    const message = `the Consul agent cannot be reached: ${explainTls(cause.message || String(cause.code), tlsNames)}`;
    return new RegistryError('UNAVAILABLE', message, { cause });
  }
  return new RegistryError(
    'INTERNAL',
    `the consul adapter failed: ${String(cause)}; this is a defect of Rollcall, please report it`,
    { cause },
  );
}

/** Whether another agent may succeed where this one failed. */
export function isUnreachable(cause: unknown): boolean {
  const { code } = RegistryError.is(cause) ? cause : toConsulError(cause);
  return code === 'UNAVAILABLE' || code === 'TIMEOUT';
}

/** The error for removing a node through the wrong agent. Only the agent of its registration can remove it. */
export function registeredElsewhere({ name, id }: EntryKey, node: string): RegistryError {
  const message = `node ${id} of ${name} is registered with the Consul agent on ${node}: remove it through that agent, or stop its owner`;
  return new RegistryError('NOT_SUPPORTED', message);
}

/** The error for an id without a machine, where the token may not ask which machine the agent is on. */
export function onSeveralMachines({ name, id }: EntryKey): RegistryError {
  const message = `node ${id} of ${name} is registered on several machines: name one as ${id}@<machine>`;
  return new RegistryError('NOT_SUPPORTED', message);
}

/** The error for an id that no path of Consul's HTTP API can carry. */
export function unremovable({ name, id }: EntryKey): RegistryError {
  return new RegistryError(
    'NOT_SUPPORTED',
    `node ${id} of ${name}: no path of Consul's API can carry this id, so stop its owner and let its check remove it`,
  );
}

/** The error for a namespace on a server that has none. */
export function withoutNamespaces(): RegistryError {
  return new RegistryError(
    'NOT_SUPPORTED',
    'namespace: only Consul Enterprise has namespaces, and this server is not one: leave the namespace out',
  );
}

/** The error for a write in another datacenter: an agent registers only in its own. */
export function anotherDatacenter(wanted: string, own: string): RegistryError {
  const message = `datacenter: this agent registers in its own, ${own}, and can only read and watch ${wanted}: give the address of an agent there`;
  return new RegistryError('NOT_SUPPORTED', message);
}

/** The error of a blocking query that had no answer long after its wait was over. */
export function wentSilent(ms: number): AnswerError {
  return new AnswerError(`has not answered a watch for ${ms} ms`);
}

/** The error of an agent that runs, but reaches no server of its cluster. */
export function withoutLeader(): AnswerError {
  return new AnswerError(
    'knows no leader of its cluster: the servers are holding an election, or the agent cannot reach them',
  );
}

/** The error for an answer whose status says success, but whose body has the wrong shape. */
export function notConsul(path: string): AnswerError {
  return new AnswerError(`answered ${path} with something else: is it a Consul agent?`);
}

/** The error for an empty list that a server marks, since the token has no right to read. */
export function filteredByAcl(): AnswerError {
  return new AnswerError(
    'hides the service from this token (ACL): the token needs service:read and node:read, see docs/consul.md, Security',
    { status: 403 },
  );
}

/** The error where Consul has ACLs and a client without a token may read nothing. */
export function needsToken(): AnswerError {
  const how = 'give one as token, in the file that --registry-token-file names, or in CONSUL_HTTP_TOKEN';
  return new AnswerError(`shows nothing without a token (ACL): ${how}`, { status: 403 });
}

/** The error for a token without `node:read`, from which the services are hidden that it wrote. */
export function hidesNodes(): AnswerError {
  const rule = 'node_prefix "" { policy = "read" }';
  return new AnswerError(
    `hides every machine from this token, and with it what it registers: it needs ${rule} (node:read)`,
    {
      status: 403,
    },
  );
}

/** Turns an error of the library into an answer with its status. Errors of sockets and TLS stay as they are. */
export function toAnswerError(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  if ('isCodec' in cause) return new AnswerError('answered with broken JSON: is it a Consul agent?', { cause });
  if (!('statusCode' in cause) || typeof cause.statusCode !== 'number') return cause;
  const status = cause.statusCode;
  const response = 'response' in cause ? (cause.response as LibraryAnswer) : undefined;
  const [body, type] = [String(response?.body ?? ''), response?.headers?.['content-type'] ?? ''];
  if (/HTTP request to an HTTPS server/i.test(body))
    return new AnswerError(`says: ${explainTls(body.trim(), tlsNames)}`);
  const isPage = type.includes('html');
  const retryAfterMs = readRetryAfter(response?.headers?.['retry-after']);
  const again = retryAfterMs === undefined ? '' : `, and asks to come back in ${Math.ceil(retryAfterMs / 1_000)} s`;
  // Calls that expect a 404 of Consul handle it; any other comes from another program, as a page does.
  const doubt = isPage ? ' (a page: is it a Consul agent?)' : (doubts[status] ?? '');
  const message = `answered ${status}: ${cause.message.trim()}${doubt}${again}`;
  return new AnswerError(message, { status, isPage, retryAfterMs, cause });
}

const rights = ' (the token is unknown or lacks a right, see docs/consul.md, Security)';
const doubts: Readonly<Record<number, string>> = { 401: rights, 403: rights, 404: ' (is it a Consul agent?)' };

/** The parts of a failed answer that the library keeps. */
interface LibraryAnswer {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** `Retry-After` in seconds, as milliseconds. Its other form, a date, depends on two clocks and is left out. */
function readRetryAfter(value: string | undefined): number | undefined {
  return value !== undefined && /^[1-9]\d{0,6}$/.test(value) ? Number(value) * 1_000 : undefined;
}
