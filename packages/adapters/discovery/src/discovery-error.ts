import { RegistryError, type RegistryErrorCode } from '@rollcall/core';
import { explainTls } from '@rollcall/core/adapter';
import { ConnectionError, HttpError } from './http/http-error.ts';

const registry = 'discovery';

/** The option names that TLS messages use. */
export const tlsNames = {
  ca: '--registry-ca, tlsFiles.ca or NODE_EXTRA_CA_CERTS',
  cert: '--registry-cert and --registry-key, or tlsFiles.cert and tlsFiles.key',
} as const;

// The only place where an HTTP status becomes a code.
const codes: Readonly<Record<number, RegistryErrorCode>> = {
  // The guard has checked the arguments, so a refusal by the server is a defect of ours.
  400: 'INTERNAL',
  401: 'UNAUTHORIZED',
  403: 'UNAUTHORIZED',
  409: 'CONFLICT',
  413: 'RESOURCE_EXHAUSTED',
  421: 'UNAVAILABLE',
  429: 'RESOURCE_EXHAUSTED',
};

const defect = '; this is a defect of Rollcall, please report it';

/** What the server answered, as a sentence about the server. */
export function serverSaid({ message, retryAfterMs }: HttpError): string {
  const wait = retryAfterMs === undefined ? '' : ` (it asks to wait ${Math.ceil(retryAfterMs / 1_000)} s)`;
  return `the discovery server ${message}${wait}`;
}

/** Translates a failure on the way to a discovery server into a `RegistryError`. */
export function toDiscoveryError(cause: unknown): RegistryError {
  if (cause instanceof HttpError) {
    const code =
      cause.status === undefined || cause.status >= 500 ? 'UNAVAILABLE' : (codes[cause.status] ?? 'UNAVAILABLE');
    const message = code === 'INTERNAL' ? `${serverSaid(cause)}${defect}` : serverSaid(cause);
    return new RegistryError(code, message, { cause, registry });
  }
  // Errors of sockets: refused, reset, unreachable, unknown host, TLS.
  if (cause instanceof ConnectionError)
    return new RegistryError('UNAVAILABLE', `the discovery server cannot be reached: ${explain(cause)}`, {
      cause,
      registry,
    });
  return new RegistryError('INTERNAL', `the discovery adapter failed: ${String(cause)}${defect}`, { cause, registry });
}

/**
 * The message about a failed connection, with what to do where TLS may be the reason: a socket's own error does not say
 * that only one side speaks TLS.
 */
function explain({ address, secure, message, code }: ConnectionError): string {
  const isReset = code === 'ECONNRESET' || code === 'EPIPE';
  const said = secure && isReset ? message : explainTls(message || code, tlsNames);
  return said.includes(address) ? said : `${address}: ${said}`;
}

/** Whether another server may succeed where this one failed. */
export function isUnreachable(cause: unknown): boolean {
  const { code } = RegistryError.is(cause) ? cause : toDiscoveryError(cause);
  return code === 'UNAVAILABLE' || code === 'TIMEOUT';
}
