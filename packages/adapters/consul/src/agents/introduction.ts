import { AnswerError, needsToken, notConsul } from '../consul-error.ts';
import type { Answer, Exchange } from './consul-client.ts';
import { field, textField } from './fields.ts';

/** An agent's description of itself, where the token may read it. */
export interface AgentInfo {
  readonly node: string | undefined;
  readonly datacenter: string | undefined;
  readonly enterprise: boolean;
}

type Send = (exchange: Exchange) => Promise<Answer>;

/**
 * Rejects for a token that Consul does not know, and for a missing token where nothing can be read without one. Learns
 * which agent it is.
 */
export async function introduce(send: Send, token: string | undefined, signal: AbortSignal): Promise<AgentInfo> {
  if (token === undefined) await refuseNameless(send, signal);
  else await asksWith(send, token, signal);
  const body = await self(send, signal);
  const config = field(body, 'Config');
  const version = field(config, 'Version');
  return {
    node: textField(config, 'NodeName'),
    datacenter: textField(config, 'Datacenter'),
    enterprise: typeof version === 'string' && version.includes('+ent'),
  };
}

/**
 * Consul answers a client without rights with an empty list. Newer servers mark that list. An older server tells it by
 * its answer about the client's own token: 401 means that ACLs are off, 403 that they are on and that this client has no
 * token. An anonymous token that may read something gets a list that is not empty.
 */
async function refuseNameless(send: Send, signal: AbortSignal): Promise<void> {
  const known = await asksWith(send, undefined, signal).catch((cause: unknown) => {
    if (cause instanceof AnswerError && cause.status === 403 && !cause.isPage) return 'nameless';
    throw cause;
  });
  if (known === 'without ACLs') return;
  const { body, header } = await send({ signal, run: (library, call) => library.catalog.service.list(call) });
  if (typeof body !== 'object' || body === null) throw notConsul('/v1/catalog/services');
  if (Object.keys(body).length > 0) return;
  if (known === 'nameless' || header('x-consul-results-filtered-by-acls') === 'true') throw needsToken();
}

async function asksWith(send: Send, token: string | undefined, signal: AbortSignal): Promise<'known' | 'without ACLs'> {
  const headers = token === undefined ? {} : { 'x-consul-token': token };
  const run: Exchange['run'] = async (library, { ctx }) => [
    await library._get({ path: '/acl/token/self', headers, ctx }),
  ];
  try {
    await send({ signal, run });
    return 'known';
  } catch (cause) {
    // Without ACLs any token is accepted. An agent that is too old for the question refuses a bad token later.
    if (cause instanceof AnswerError && (cause.status === 401 || cause.status === 404) && !cause.isPage)
      return 'without ACLs';
    throw cause;
  }
}

async function self(send: Send, signal: AbortSignal): Promise<unknown> {
  try {
    const { body } = await send({ signal, run: (library, call) => library.agent.self(call) });
    return body;
  } catch (cause) {
    // A token with few rights may not ask. Only the wording of later refusals depends on the answer, so it may be
    // missing.
    if (cause instanceof AnswerError && cause.status === 403 && !cause.isPage) return undefined;
    throw cause;
  }
}
