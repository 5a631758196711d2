/** Schemas of what `/api/*` answers, for the description of the API. The server does not check its answers by them. */
import { instanceFields } from './instance-schema.ts';
import type { JsonSchema } from './json-schema.ts';

const record = (properties: JsonSchema, optional: readonly string[] = []): JsonSchema => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
});

const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const count: JsonSchema = { type: 'integer', minimum: 0 };
const text: JsonSchema = { type: 'string' };
const flag: JsonSchema = { type: 'boolean' };
const timestamp: JsonSchema = { type: 'number', description: 'milliseconds since 1970 by the clock of the server' };

/** An instance as the server keeps it. */
const instance: JsonSchema = record(
  {
    ...instanceFields,
    regTimestamp: timestamp,
    upTimestamp: timestamp,
    renewTimestamp: timestamp,
    dirtyTimestamp: timestamp,
    latestTimestamp: timestamp,
    late: { const: true, description: 'no renewal for 1.25 of its own intervals' },
  },
  ['late'],
);

const statuses: JsonSchema = record({ statuses: list({ enum: [200, 404, 409] }) });

/** Data of `POST /api/register`: one handle an instance, in order; with lease secrets one secret each. */
export const registerAnswer: JsonSchema = record({ handles: list(count), secrets: list(text) }, ['secrets']);
/** Data of `PUT /api/leases`, `POST /api/renew`: one status each, in order. */
export const renewAnswer: JsonSchema = statuses;
/** Data of `POST /api/cancel`. */
export const cancelAnswer: JsonSchema = record({ cancelled: count });
/** Data of `GET /api/fetch` and `GET /api/fetch/all`. An answer about a past time also has `at` and `revision`. */
export const instancesAnswer: JsonSchema = record({ instances: list(instance), at: timestamp, revision: count }, [
  'at',
  'revision',
]);
/** Data of `GET /api/services`. */
export const servicesAnswer: JsonSchema = record({ services: list(record({ appid: text, versions: list(text) })) });
/** Data of `POST /api/protection/end`. */
export const protectionEndAnswer: JsonSchema = record({ evicted: count });
/** Data of `POST /api/set`. */
export const setAnswer: JsonSchema = record({ set: count });
const application: JsonSchema = record({
  ...{ appid: text, instances: count, late: count, missing: count, considered: count, held: count },
});
const heldInstance: JsonSchema = record({ appid: text, hostname: text, silentMs: count, mayGoAt: timestamp });
/** Data of `GET /api/status`. */
export const statusAnswer: JsonSchema = record({
  protection: { enum: ['on', 'off'] },
  warming: flag,
  uptimeMs: count,
  environments: list(
    record(
      {
        ...{ env: text, state: { enum: ['disabled', 'calm', 'waiting', 'protecting'] }, instances: count, late: count },
        ...{ out: count, held: count, missing: count, considered: count, threshold: count, on: flag },
        ...{ since: timestamp, explanation: text, backUntilCalm: count, firstMayGoAt: timestamp, heard: flag },
        ...{ forgetsAt: timestamp, applications: list(application), moreApplications: count },
        ...{ heldInstances: list(heldInstance), moreHeld: count, renewsLastMinute: count, renewsExpected: count },
      },
      ['since', 'firstMayGoAt', 'forgetsAt'],
    ),
  ),
});
/** Data of `GET /api/poll`. */
export const pollAnswer: JsonSchema = record({
  ...{ modified: flag, reset: flag, cursor: text },
  services: list(record({ appid: text, instances: list(instance) })),
});
const sender: JsonSchema = record({ address: text, token: text }, ['address', 'token']);
const expiry = { silentMs: count, ttlMs: count, evicted: count, of: count };
const evidence = (what: string, properties: JsonSchema, optional: readonly string[]): JsonSchema =>
  record({ what: { const: what }, ...properties }, optional);
/** Why something changed. */
const evidences: JsonSchema = {
  anyOf: [
    evidence('registered', { by: sender }, ['by']),
    evidence('updated', { fields: list(text), by: sender }, ['by']),
    evidence('set', { fields: list(text), by: sender }, ['by']),
    evidence('late', { silentMs: count, renewIntervalMs: count }, []),
    evidence('on-time', { silentMs: count }, ['silentMs']),
    evidence('deregistered', { holder: flag, by: sender }, ['by']),
    evidence('evicted', { cause: { enum: ['ttl', 'replaced', 'quiet', 'ceiling'] }, replacedBy: text, ...expiry }, [
      'replacedBy',
    ]),
    evidence('ended', { ...expiry, by: sender }, ['by']),
  ],
};
/** Data of `GET /api/changes`. */
export const changesAnswer: JsonSchema = record({
  ...{ reset: flag, cursor: text, more: flag, log: record({ revision: count, at: timestamp }) },
  changes: list(
    record(
      {
        ...{
          revision: count,
          at: timestamp,
          type: { enum: ['put', 'remove'] },
          env: text,
          appid: text,
          hostname: text,
        },
        ...{ reason: { enum: ['deregistered', 'expired'] }, evidence: evidences, text, addrs: list(text) },
        ...{ version: text, status: { enum: [1, 2] }, late: { const: true } },
      },
      ['reason', 'addrs', 'version', 'status', 'late'],
    ),
  ),
});
/** An answer without data. */
export const noData: JsonSchema = { type: 'null' };
/** An answer around its data. */
export const envelopeOf = (data: JsonSchema): JsonSchema =>
  record({ code: count, message: text, data, epoch: text, revision: count, warming: { const: true } }, ['warming']);

/** The answer to a request that is refused. */
export const failure: JsonSchema = record({ code: count, message: text, data: noData }, ['data']);
