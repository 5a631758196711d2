import { type CallOptions, RegistryError, type Service } from '@rollcall/core';
import { type CommonRegistryOptions, type DiscoveryAdmin, groupByVersion } from '@rollcall/core/adapter';
import type {
  ChangesAnswer,
  InstanceSetting,
  InstancesAnswer,
  PastInstancesAnswer,
  PollAnswer,
  ProtectionEndAnswer,
  StatusAnswer,
} from '@rollcall/protocol';
import { checkSubject } from './admin-arguments.ts';
import { type AdminRequest, type Answer, askOnce, carriedBy, strange } from './admin-request.ts';
import { readInstance } from './discovery-mapping.ts';
import { adminTimeoutMs, backupTimeoutMs, type DiscoverySettings, parseSettings } from './discovery-options.ts';
import type { ApiClient } from './http/api-client.ts';
import { HttpError } from './http/http-error.ts';

/** The filter of {@link RollcallAdmin.changes}; an absent field does not filter. */
export interface ChangesQuery {
  /** Only changes of this environment. */
  readonly env?: string | undefined;
  /** Only changes of this service. */
  readonly name?: string | undefined;
  /** Only changes of this node. */
  readonly id?: string | undefined;
  /** A cursor of an earlier answer, a revision, an ISO time, or how long ago (`10m`). Absent: from the beginning of the log. */
  readonly since?: string | undefined;
  /** Most changes of one answer; at most 1,000, the default. */
  readonly limit?: number | undefined;
  /** How long to wait for a change when there is none yet. Milliseconds; at most 60,000; default 0. */
  readonly waitMs?: number | undefined;
}

/** What {@link RollcallAdmin.poll} waits for. */
export interface PollQuery {
  /** The environment of the services. */
  readonly env: string;
  /** Names of services, 1 to 100. */
  readonly names: readonly string[];
  /** The cursor of the last answer. Absent: the answer comes at once, with every service. */
  readonly since?: string | undefined;
  /** How long to wait for a change. Milliseconds; at most 60,000; default 30,000. */
  readonly waitMs?: number | undefined;
}

/** A service as it was at a past time. */
export interface PastServices {
  /** Milliseconds since the epoch, by the server's clock. */
  readonly at: number;
  /** The last revision of the roll at that time. */
  readonly revision: number;
  /** The service as `getService` would have returned it. */
  readonly services: readonly Service[];
}

/** The result of a set on each server. */
export interface SetOutcome {
  /** Whether a server has the node, and has set it. */
  readonly isSet: boolean;
  /** The servers that could not be asked. */
  readonly failed: readonly { readonly address: string; readonly error: RegistryError }[];
}

/** An operator's view of discovery servers. Each call asks the first server of the list, except `set`, which goes to every one. */
export interface RollcallAdmin extends DiscoveryAdmin {
  /** Self-protection of every environment, or of `env`, explained. */
  status(call?: CallOptions & { readonly env?: string | undefined }): Promise<StatusAnswer>;
  /** The changes of the roll and their reasons; oldest first. */
  changes(query?: ChangesQuery, call?: CallOptions): Promise<ChangesAnswer>;
  /** The services that changed since a cursor: at once, or at their next change. */
  poll(query: PollQuery, call?: CallOptions): Promise<PollAnswer>;
  /** Whether a node is on the roll, in service or out of it. */
  lists(
    node: { readonly env: string; readonly name: string; readonly id: string },
    call?: CallOptions,
  ): Promise<boolean>;
  /**
   * A service as it was at `at`: an ISO time, or `10m` (ago). Rejects with `INVALID_ARGUMENT` when the change log does
   * not reach back to it.
   */
  servicesAt(
    query: { readonly env: string; readonly name: string; readonly at: string },
    call?: CallOptions,
  ): Promise<PastServices>;
  /** Changes status or metadata of nodes, all or none, whichever client holds them. Rejects when no server can be asked. */
  set(settings: readonly InstanceSetting[], call?: CallOptions): Promise<SetOutcome>;
}

/**
 * Operates a discovery server. Each call opens and closes its own connection.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for an invalid address or token.
 */
export function discoveryAdmin(options: CommonRegistryOptions = {}): RollcallAdmin {
  const settings = parseSettings(options);
  const { timeoutMs = adminTimeoutMs } = options;
  const ask = async (request: AdminRequest, call: CallOptions): Promise<Answer> =>
    askOnce(settings, firstOf(settings), carriedBy(request), { timeoutMs, ...call });
  const askPatiently = (path: string, call: CallOptions, waitMs: number): Promise<Answer> =>
    ask({ method: 'GET', path }, { ...call, timeoutMs: waitMs + (call.timeoutMs ?? timeoutMs) });
  return {
    async status({ env, ...call } = {}) {
      checkSubject({ env });
      const answer = await ask({ method: 'GET', path: pathOf('status', { env }) }, call);
      return withList<StatusAnswer>(answer, 'environments');
    },
    async endProtection(env, call = {}) {
      checkSubject({ env });
      const request = { method: 'POST', path: '/api/protection/end', body: { env } } as const;
      const { evicted }: Partial<ProtectionEndAnswer> = await ask(request, call);
      if (typeof evicted !== 'number') throw strange('evicted');
      return evicted;
    },
    async changes({ env, name, id, since, limit, waitMs } = {}, call = {}) {
      checkSubject({ env, name, id });
      const path = pathOf('changes', { env, appid: name, hostname: id, since, limit, waitMs });
      return withList<ChangesAnswer>(await askPatiently(path, call, waitMs ?? 0), 'changes');
    },
    async poll({ env, names, since, waitMs = defaultPollMs }, call = {}) {
      for (const name of names) checkSubject({ env, name });
      const path = pathOf('poll', { env, since, waitMs, appid: names });
      return withList<PollAnswer>(await askPatiently(path, call, waitMs), 'services');
    },
    async lists({ env, name, id }, call = {}) {
      checkSubject({ env, name, id });
      const path = pathOf('fetch', { env, appid: name });
      const { instances } = withList<InstancesAnswer>(await ask({ method: 'GET', path }, call), 'instances');
      return instances.some(({ hostname }) => hostname === id);
    },
    async servicesAt({ env, name, at }, call = {}) {
      checkSubject({ env, name });
      const request = { method: 'GET', path: pathOf('fetch', { env, appid: name, at }) } as const;
      const answer = withList<PastInstancesAnswer>(await ask(request, call), 'instances');
      const entries = answer.instances.flatMap((instance) => readInstance(instance).entry ?? []);
      return { at: answer.at, revision: answer.revision, services: groupByVersion(entries) };
    },
    async set(instances, call = {}) {
      for (const { env, appid, hostname } of instances) checkSubject({ env, name: appid, id: hostname });
      const request = { method: 'POST', path: '/api/set', body: { instances } } as const;
      const outcomes = await Promise.all(
        settings.endpoints.map(async (endpoint) => {
          const asked = askOnce(settings, endpoint, carriedBy(request), { timeoutMs, ...call });
          return { address: endpoint.address, ...(await outcomeOf(asked)) };
        }),
      );
      const failed = outcomes.flatMap(({ address, error }) => (error === undefined ? [] : [{ address, error }]));
      if (failed.length === outcomes.length && failed[0] !== undefined) throw failed[0].error;
      return { isSet: outcomes.some(({ isSet }) => isSet), failed };
    },
    backup: async (call = {}) =>
      askOnce(settings, firstOf(settings), openBackup, { timeoutMs: options.timeoutMs ?? backupTimeoutMs, ...call }),
  };
}

function firstOf({ endpoints: [first] }: DiscoverySettings): DiscoverySettings['endpoints'][number] {
  if (first === undefined)
    throw new RegistryError('INTERNAL', 'the options name no server; this is a defect of Rollcall, please report it');
  return first;
}

/** The media type of the file that the server makes. */
const backupType = 'application/vnd.sqlite3';

async function openBackup(client: ApiClient, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  return client.file({ method: 'GET', path: '/api/backup', signal }, backupType);
}

/** Default wait of a poll, as the server's. Milliseconds. */
const defaultPollMs = 30_000;

/** A node that is not listed is a result, not a failure. */
async function outcomeOf(asked: Promise<Answer>): Promise<{ readonly isSet: boolean; readonly error?: RegistryError }> {
  try {
    if (typeof (await asked).set !== 'number') throw strange('set');
    return { isSet: true };
  } catch (error) {
    if (!RegistryError.is(error)) throw error;
    return error.cause instanceof HttpError && error.cause.status === 404 ? { isSet: false } : { isSet: false, error };
  }
}

type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

function pathOf(verb: string, query: Query): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [value].flat().map((each): [string, string] => [key, String(each)]),
  );
  return `/api/${verb}${pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`}`;
}

function withList<T extends object>(answer: Answer, field: keyof T & string): T {
  if (!Array.isArray(answer[field])) throw strange(field);
  return answer as T;
}
