import { RegistryError } from '@rollcall/core';
import type { EntryKey } from '@rollcall/core/adapter';
import {
  ClientClosedError,
  EtcdAuthenticationFailedError,
  EtcdInvalidAuthTokenError,
  EtcdPermissionDeniedError,
  GRPCDeadlineExceededError,
  GRPCResourceExhastedError,
  GRPCUnauthenticatedError,
} from 'etcd3';

const unauthorized = [
  EtcdAuthenticationFailedError,
  EtcdInvalidAuthTokenError,
  EtcdPermissionDeniedError,
  GRPCUnauthenticatedError,
];

/** A renewal found the node in another's hands. */
export function heldByAnother({ name, id }: EntryKey): RegistryError {
  return new RegistryError('CONFLICT', `node ${id} of ${name} was taken over by another writer`, { registry: 'etcd' });
}

/** The watch ended although nobody asked for it: a compaction, a member that stops, a lost link. */
export function watchEnded(reason: string): RegistryError {
  return new RegistryError('UNAVAILABLE', `etcd ended the watch${reason === '' ? '' : `: ${reason}`}`, {
    registry: 'etcd',
  });
}

/** Whatever failed on the way to etcd, as ours. */
export function toEtcdError(cause: unknown): RegistryError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (unauthorized.some((kind) => cause instanceof kind))
    return new RegistryError('UNAUTHORIZED', `etcd: ${message}`, { cause });
  // Auth errors that etcd3 does not know come as text.
  if (/user name is empty|permission denied|invalid auth token/.test(message))
    return new RegistryError('UNAUTHORIZED', `etcd: ${message}`, { cause });
  if (cause instanceof GRPCDeadlineExceededError)
    return new RegistryError('TIMEOUT', 'etcd did not answer in time', { cause });
  if (cause instanceof GRPCResourceExhastedError)
    return new RegistryError('RESOURCE_EXHAUSTED', `etcd: ${message}`, { cause });
  if (cause instanceof ClientClosedError)
    return new RegistryError('CLOSED', 'the connection to etcd is closed', { cause });
  // Everything else that gRPC or a socket says means that etcd could not do it now.
  return new RegistryError('UNAVAILABLE', `etcd cannot be reached: ${message}`, { cause });
}
