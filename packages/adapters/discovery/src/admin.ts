import { type CallOptions, RegistryError } from '@rollcall/core';
import { type CommonRegistryOptions, type DiscoveryAdmin, untilAborted, withDeadline } from '@rollcall/core/adapter';
import type { ProtectionEndAnswer, StatusAnswer } from '@rollcall/protocol';
import { toDiscoveryError } from './discovery-error.ts';
import { adminTimeoutMs, type DiscoverySettings, parseSettings } from './discovery-options.ts';
import { ApiClient } from './http/api-client.ts';
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
export function discoveryAdmin(options: CommonRegistryOptions = {}): RollcallAdmin {
  const settings = parseSettings(options);
  const ask = (request: AdminRequest, call: CallOptions): Promise<Readonly<Record<string, unknown>>> =>
    askOnce(settings, request, { timeoutMs: options.timeoutMs, ...call });
  return {
    async status({ env, ...call } = {}) {
      const query = env === undefined ? '' : `?${new URLSearchParams({ env })}`;
      const data: Partial<StatusAnswer> = await ask({ method: 'GET', path: `/api/status${query}` }, call);
      if (!Array.isArray(data.environments)) throw strange('environments');
      return data as StatusAnswer;
    },
    async endProtection(env, call = {}) {
      const request = { method: 'POST', path: '/api/protection/end', body: { env } } as const;
      const { evicted }: Partial<ProtectionEndAnswer> = await ask(request, call);
      if (typeof evicted !== 'number') throw strange('evicted');
      return evicted;
    },
  };
}

interface AdminRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
}

const strange = (field: string): RegistryError =>
  toDiscoveryError(new HttpError(`answered without ${field}: is it a Rollcall server that listens there?`));

async function askOnce(
  { endpoints, credentials, clock }: DiscoverySettings,
  request: AdminRequest,
  { timeoutMs: ms = adminTimeoutMs, signal }: CallOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const [endpoint] = endpoints;
  if (endpoint === undefined) throw new RegistryError('INTERNAL', 'the options name no server');
  const message = `the discovery server ${endpoint.address} did not answer within ${ms} ms`;
  const reason = new RegistryError('TIMEOUT', message, { registry: 'discovery' });
  const client = new ApiClient({ endpoint, credentials, clock });
  try {
    return await withDeadline({ clock, ms, signal, reason }, (inner) =>
      untilAborted(inner, client.call({ ...request, signal: inner })),
    );
  } catch (cause) {
    if (signal?.aborted === true) throw endedBy(signal);
    throw RegistryError.is(cause) ? cause : toDiscoveryError(cause);
  } finally {
    client.close();
  }
}

/** A caller's timeout signal is a deadline, any other its wish to end. */
function endedBy({ reason }: AbortSignal): RegistryError {
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError';
  const message = `the call ${timedOut ? 'timed out' : 'was aborted'} by its signal`;
  return new RegistryError(timedOut ? 'TIMEOUT' : 'ABORTED', message, { cause: reason, registry: 'discovery' });
}
