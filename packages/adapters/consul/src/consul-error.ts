import { RegistryError, type RegistryErrorCode } from '@rollcall/core';
import type { EntryKey } from '@rollcall/core/adapter';

/** An answer of an agent that is not one, or whose status says that the request failed. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  /** The HTTP status; undefined when there was no whole answer. */
  readonly status: number | undefined;

  constructor(message: string, options: { readonly status?: number | undefined; readonly cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.status = options.status;
  }
}

// The one place where an HTTP status becomes a code.
const codes: Readonly<Record<number, RegistryErrorCode>> = {
  // The guard has checked the arguments: what Consul refuses then is our defect.
  400: 'INTERNAL',
  401: 'UNAUTHORIZED',
  403: 'UNAUTHORIZED',
  // What 404 means in Consul is told apart where it is expected; anywhere else this is no Consul.
  404: 'UNAVAILABLE',
  413: 'RESOURCE_EXHAUSTED',
};

/** Whatever failed on the way to an agent, as ours. */
export function toConsulError(cause: unknown): RegistryError {
  if (cause instanceof AnswerError) {
    // 429 and 5xx: too busy, no leader, cut off from the servers.
    const code = (cause.status === undefined ? undefined : codes[cause.status]) ?? 'UNAVAILABLE';
    return new RegistryError(code, `the Consul agent ${cause.message}`, { cause });
  }
  if (cause instanceof Error && (cause.name === 'AbortError' || cause.name === 'TimeoutError')) {
    return new RegistryError('TIMEOUT', 'the Consul agent did not answer in time', { cause });
  }
  // Sockets: refused, reset, unreachable, unknown host, TLS.
  if (cause instanceof Error && 'code' in cause) {
    const message = `the Consul agent cannot be reached: ${cause.message || String(cause.code)}`;
    return new RegistryError('UNAVAILABLE', message, { cause });
  }
  return new RegistryError('INTERNAL', `the consul adapter failed: ${String(cause)}`, { cause });
}

/** Whether another agent may succeed where this one failed. */
export function isUnreachable(cause: unknown): boolean {
  const { code } = RegistryError.is(cause) ? cause : toConsulError(cause);
  return code === 'UNAVAILABLE' || code === 'TIMEOUT';
}

/** A renewal found the node in another's hands. */
export function heldByAnother({ name, id }: EntryKey): RegistryError {
  return new RegistryError('CONFLICT', `node ${id} of ${name} was taken over by another`);
}

/** What is registered with another agent can only be removed there. */
export function registeredElsewhere({ name, id }: EntryKey, node: string): RegistryError {
  const message = `node ${id} of ${name} is registered with the Consul agent on ${node}: it can be removed there, or by its owner`;
  return new RegistryError('NOT_SUPPORTED', message);
}

/** An id that no path of Consul's HTTP API can carry. */
export function unremovable({ name, id }: EntryKey): RegistryError {
  return new RegistryError('NOT_SUPPORTED', `node ${id} of ${name}: Consul's API cannot remove this id`);
}

/** A certificate or key that a variable names. */
export function unreadable(variable: string, path: string, cause: unknown): RegistryError {
  return new RegistryError('INVALID_ARGUMENT', `${variable}: ${path} cannot be read`, { registry: 'consul', cause });
}

/** The server has no namespaces. */
export function withoutNamespaces(): RegistryError {
  return new RegistryError('NOT_SUPPORTED', 'namespace: only Consul Enterprise has namespaces; this server is not one');
}

/** An agent registers in its own datacenter alone. */
export function anotherDatacenter(wanted: string, own: string): RegistryError {
  const message = `datacenter: this agent registers in its own, ${own}; ${wanted} can only be read and watched through it`;
  return new RegistryError('NOT_SUPPORTED', message);
}

/** A blocking query was not answered when its wait had long been over. */
export function wentSilent(ms: number): AnswerError {
  return new AnswerError(`was silent for ${ms} ms`);
}

/** The agent runs, but there is no cluster behind it. */
export function withoutLeader(): AnswerError {
  return new AnswerError('knows no leader of the cluster');
}

/** A status is fine and the body is not what it must be. */
export function notConsul(path: string): AnswerError {
  return new AnswerError(`answered ${path} with something else: is it a Consul agent?`);
}

/** A token without the right to read gets an empty list, which newer servers mark. */
export function filteredByAcl(): AnswerError {
  return new AnswerError('hides the service from this token (ACL)', { status: 403 });
}
