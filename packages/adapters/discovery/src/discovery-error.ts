import { RegistryError, type RegistryErrorCode } from '@rollcall/core';
import { HttpError } from './http/http-error.ts';

// The one place where an HTTP status becomes a code.
const codes: Readonly<Record<number, RegistryErrorCode>> = {
  // The guard has checked the arguments: what the server refuses then is our defect.
  400: 'INTERNAL',
  401: 'UNAUTHORIZED',
  403: 'UNAUTHORIZED',
  409: 'CONFLICT',
  413: 'RESOURCE_EXHAUSTED',
  421: 'UNAVAILABLE',
  429: 'RESOURCE_EXHAUSTED',
};

/** Whatever failed on the way to a discovery server, as ours. */
export function toDiscoveryError(cause: unknown): RegistryError {
  if (cause instanceof HttpError) {
    const code =
      cause.status === undefined || cause.status >= 500 ? 'UNAVAILABLE' : (codes[cause.status] ?? 'UNAVAILABLE');
    return new RegistryError(code, `the discovery server ${cause.message}`, { cause });
  }
  if (cause instanceof Error && (cause.name === 'AbortError' || cause.name === 'TimeoutError')) {
    return new RegistryError('TIMEOUT', 'the discovery server did not answer in time', { cause });
  }
  // Sockets: refused, reset, unreachable, unknown host, TLS.
  if (cause instanceof Error && 'code' in cause) {
    return new RegistryError(
      'UNAVAILABLE',
      `the discovery server cannot be reached: ${cause.message || String(cause.code)}`,
      { cause },
    );
  }
  return new RegistryError('INTERNAL', `the discovery adapter failed: ${String(cause)}`, { cause });
}

/** Whether another server may succeed where this one failed. */
export function isUnreachable(cause: unknown): boolean {
  const { code } = RegistryError.is(cause) ? cause : toDiscoveryError(cause);
  return code === 'UNAVAILABLE' || code === 'TIMEOUT';
}
