import { RegistryError, type RegistryErrorCode } from '@rollcall/core';
import { explainTls } from '@rollcall/core/adapter';
import {
  ClientClosedError,
  EtcdAuthenticationFailedError,
  EtcdInvalidAuthTokenError,
  EtcdPermissionDeniedError,
  GRPCDeadlineExceededError,
  GRPCNotImplementedError,
  GRPCResourceExhastedError,
  GRPCUnauthenticatedError,
  isRecoverableError,
} from 'etcd3';

const unauthorized = [
  EtcdAuthenticationFailedError,
  EtcdInvalidAuthTokenError,
  EtcdPermissionDeniedError,
  GRPCUnauthenticatedError,
];

/** The names of the TLS options in messages. */
export const tlsNames = {
  ca: 'ETCDCTL_CACERT or tls.ca',
  cert: 'ETCDCTL_CERT and ETCDCTL_KEY, or tls.cert and tls.key',
};

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** etcd no longer knows the user's token: it has restarted, the token has expired, or users or roles have changed (JWT). */
export const saysTokenIsStale = (cause: unknown): boolean =>
  /invalid auth token|revision of auth store is old|user name is empty/.test(textOf(cause));

/** etcd was asked for a token but has authentication switched off. */
export const saysAuthenticationIsOff = (cause: unknown): boolean => /authentication is not enabled/.test(textOf(cause));

/** Whether the answer to a range is larger than gRPC may receive. */
export const isTooLarge = (cause: unknown): boolean =>
  cause instanceof GRPCResourceExhastedError &&
  /received message larger than max/i.test(cause.message) &&
  !isNoEtcd(cause);

/**
 * gRPC takes four characters of a text page for the size of a message. A space is the smallest printable character, so
 * such a size is at least that of four spaces.
 */
const sizeOfText = 0x20_20_20_20;

/** Whether a proxy or another program answered: in HTTP/2 without gRPC, or in gRPC that is not etcd's. */
function isNoEtcd(cause: unknown): boolean {
  const text = textOf(cause);
  const size = /received message larger than max \((\d+)/i.exec(text)?.[1];
  return (
    /received http status code/i.test(text) ||
    cause instanceof GRPCNotImplementedError ||
    (size !== undefined && Number(size) >= sizeOfText)
  );
}

// The statuses that mean the same from any HTTP server.
const statuses: Readonly<Record<string, RegistryErrorCode>> = {
  401: 'UNAUTHORIZED',
  403: 'UNAUTHORIZED',
  413: 'RESOURCE_EXHAUSTED',
  429: 'RESOURCE_EXHAUSTED',
};

const codeOfPage = (message: string): RegistryErrorCode =>
  statuses[/received http status code (\d+)/i.exec(message)?.[1] ?? ''] ?? 'UNAVAILABLE';

const saysElection = (cause: unknown): boolean => /leader changed|not (?:the )?leader/.test(textOf(cause));

/** Whether the member may serve soon: the cluster is electing a leader, or the member was silent. */
export const mayServeSoon = (cause: unknown): boolean => saysElection(cause) || RegistryError.is(cause, 'TIMEOUT');

/** Whether another member may succeed where this one failed. */
export function isUnreachable(cause: unknown): boolean {
  if (RegistryError.is(cause)) return cause.code === 'TIMEOUT' || cause.code === 'UNAVAILABLE';
  // During an election the other members would give the same answer.
  if (saysElection(cause)) return false;
  if (isNoEtcd(cause)) return true;
  return cause instanceof Error && isRecoverableError(cause) && !(cause instanceof GRPCResourceExhastedError);
}

/** The error of a watch that etcd ended: after a compaction, when a member stops, when the link is lost. */
export function watchEnded(reason: string): RegistryError {
  const code = /permission denied|auth/i.test(reason) ? 'UNAUTHORIZED' : 'UNAVAILABLE';
  return new RegistryError(code, `etcd ended the watch${reason === '' ? '' : `: ${reason}`}`, { registry: 'etcd' });
}

/** The error of a watch that never opened: its member has stopped, or the link swallows everything. */
export function neverOpened(ms: number): RegistryError {
  return new RegistryError('TIMEOUT', `etcd did not open the watch within ${ms} ms`, { registry: 'etcd' });
}

/** Translates a failure on the way to etcd into a `RegistryError`. */
export function toEtcdError(cause: unknown): RegistryError {
  if (RegistryError.is(cause)) return cause;
  const message = plain(textOf(cause));
  if (/user name is empty/.test(message)) {
    const what = 'etcd asks for a user: give user:password as token, or in the file that --registry-token-file names';
    return new RegistryError('UNAUTHORIZED', what, { cause });
  }
  if (isNoEtcd(cause)) {
    const what = `no etcd answered: ${message}. Another program or a proxy did: check the address, http_proxy and https_proxy`;
    return new RegistryError(codeOfPage(message), what, { cause });
  }
  // Auth errors that etcd3 does not know come as text.
  if (unauthorized.some((kind) => cause instanceof kind) || /permission denied|auth token|auth store/.test(message))
    return new RegistryError(
      'UNAUTHORIZED',
      `etcd refused: ${message}; see docs/etcd.md, Security, for the user and role that a service needs`,
      { cause },
    );
  if (cause instanceof GRPCDeadlineExceededError)
    return new RegistryError('TIMEOUT', 'etcd did not answer in time', { cause });
  if (cause instanceof GRPCResourceExhastedError)
    return new RegistryError('RESOURCE_EXHAUSTED', `etcd has no room: ${message}${remedyOfFull(message)}`, { cause });
  if (cause instanceof ClientClosedError)
    return new RegistryError('CLOSED', 'the connection to etcd is closed: make a new registry', { cause });
  // Every other error of gRPC or a socket means that etcd could not serve now.
  return new RegistryError('UNAVAILABLE', `etcd cannot be reached: ${explainTls(message, tlsNames)}`, { cause });
}

/** What to do about a full etcd: after it has reached its quota, it takes no write until an operator has made room. */
const remedyOfFull = (message: string): string =>
  /space exceeded/.test(message) ? '; compact and defragment it, then etcdctl alarm disarm' : '';

/** Removes what gRPC adds about itself: status, resolver, time. */
function plain(message: string): string {
  return message
    .replace(/^\d+ [A-Z_]+: /, '')
    .replace(/^No connection established\. Last error: /, '')
    .replace(/\.? Resolution note:.*$/s, '')
    .replace(/^Error: /, '')
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, '');
}
