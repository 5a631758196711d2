import { type CallOptions, RegistryError, type RegistryErrorCode } from '@rollcall/core';
import { type BackendEndpoint, untilAborted, withDeadline } from '@rollcall/core/adapter';
import { serverSaid, toDiscoveryError } from './discovery-error.ts';
import { adminTimeoutMs, type DiscoverySettings } from './discovery-options.ts';
import { ApiClient } from './http/api-client.ts';
import { HttpError } from './http/http-error.ts';

/** A question of an operator. */
export interface AdminRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
}

/** The fields of an answer. */
export type Answer = Readonly<Record<string, unknown>>;

/** A question that is one request. */
export const carriedBy =
  (request: AdminRequest) =>
  (client: ApiClient, signal: AbortSignal): Promise<Answer> =>
    client.call({ ...request, signal });

/** Asks one server, over a connection of its own. */
export async function askOnce<T>(
  { credentials, clock }: DiscoverySettings,
  endpoint: BackendEndpoint,
  question: (client: ApiClient, signal: AbortSignal) => Promise<T>,
  { timeoutMs: ms = adminTimeoutMs, signal }: CallOptions,
): Promise<T> {
  const message = `the discovery server ${endpoint.address} did not answer within ${ms} ms`;
  const reason = new RegistryError('TIMEOUT', message, { registry: 'discovery' });
  const client = new ApiClient({ endpoint, credentials, clock });
  try {
    return await withDeadline({ clock, ms, signal, reason }, (inner) => untilAborted(inner, question(client, inner)));
  } catch (cause) {
    if (signal?.aborted === true) throw endedBy(signal);
    throw RegistryError.is(cause) ? cause : toAdminError(cause);
  } finally {
    client.close();
  }
}

/** The error for an answer that lacks a field of the API. */
export const strange = (field: string): RegistryError =>
  toDiscoveryError(new HttpError(`answered without ${field}: is it a Rollcall discovery server?`));

/**
 * Only the server can check an operator's arguments, so a refusal by the server is a fault of the arguments. A server
 * without a data folder has no backup, however often it is asked.
 */
const adminCodes: Readonly<Record<number, RegistryErrorCode>> = { 400: 'INVALID_ARGUMENT', 501: 'NOT_SUPPORTED' };

function toAdminError(cause: unknown): RegistryError {
  const code = cause instanceof HttpError ? adminCodes[cause.status ?? 0] : undefined;
  if (code === undefined) return toDiscoveryError(cause);
  return new RegistryError(code, serverSaid(cause as HttpError), { cause, registry: 'discovery' });
}

/** The error for an aborted signal: `TIMEOUT` for a timeout signal, `ABORTED` for any other. */
function endedBy({ reason }: AbortSignal): RegistryError {
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError';
  const message = `the call ${timedOut ? 'timed out' : 'was aborted'} by its signal`;
  return new RegistryError(timedOut ? 'TIMEOUT' : 'ABORTED', message, { cause: reason, registry: 'discovery' });
}
