import { type CallOptions, RegistryError } from '@rollcall/core';
import {
  type CommonRegistryOptions,
  type DiscoveryAdmin,
  systemClock,
  untilAborted,
  withDeadline,
} from '@rollcall/core/adapter';
import type { ProtectionEndAnswer, StatusAnswer } from '@rollcall/protocol';
import { toDiscoveryError } from './discovery-error.ts';
import { adminTimeoutMs, parseAddresses, parseToken } from './discovery-options.ts';
import { HttpClient } from './http/http-client.ts';
import { HttpError } from './http/http-error.ts';

/** What the server's operator may ask it, on the first server that is named. */
export interface RollcallAdmin extends DiscoveryAdmin {
  status(call?: CallOptions & { readonly env?: string | undefined }): Promise<StatusAnswer>;
}

/**
 * Status and protection of a discovery server. Each call opens and closes its own connection.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for an address or token that cannot be one.
 */
export function discoveryAdmin({ addresses, token, timeoutMs, clock }: CommonRegistryOptions = {}): RollcallAdmin {
  const [base] = parseAddresses(addresses);
  const bearer = parseToken(token);
  const ask = <T>(call: CallOptions, request: AdminRequest): Promise<T> =>
    bounded({ timeoutMs, clock, ...call }, async (signal) => {
      const client = new HttpClient(base as URL, bearer);
      try {
        return await answerOf<T>(client, request, signal);
      } finally {
        client.close();
      }
    });
  return {
    status: ({ env, ...call } = {}) =>
      ask<StatusAnswer>(call, {
        method: 'GET',
        path: `/api/status${env === undefined ? '' : `?${new URLSearchParams({ env })}`}`,
      }),
    async endProtection(env, call = {}) {
      const request: AdminRequest = { method: 'POST', path: '/api/protection/end', body: { env } };
      return (await ask<ProtectionEndAnswer>(call, request)).evicted;
    },
  };
}

interface AdminRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
}

async function bounded<T>(
  { timeoutMs = adminTimeoutMs, clock = systemClock, signal }: CallOptions & Pick<CommonRegistryOptions, 'clock'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const reason = new RegistryError('TIMEOUT', 'the discovery server does not answer', { registry: 'discovery' });
  try {
    return await withDeadline({ clock, ms: timeoutMs, signal, reason }, (inner) => untilAborted(inner, work(inner)));
  } catch (cause) {
    throw RegistryError.is(cause) ? cause : toDiscoveryError(cause);
  }
}

async function answerOf<T>(client: HttpClient, request: AdminRequest, signal: AbortSignal): Promise<T> {
  const { status, body } = await client.json({ ...request, signal });
  const { data, message } = (typeof body === 'object' && body !== null ? body : {}) as { data?: T; message?: unknown };
  if (status === 200 && data != null) return data;
  throw new HttpError(`answered ${status}${typeof message === 'string' ? `: ${message}` : ''}`, status);
}
