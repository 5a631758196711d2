/** What `/api/*` answers, for the description of the API: the server writes it and checks nothing by it. */
import { instanceSchema } from './instance-schema.ts';
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
    ...(instanceSchema.properties as JsonSchema),
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

/** Data of `POST /api/register`: one handle an instance, in order. */
export const registerAnswer: JsonSchema = record({ handles: list(count) });
/** Data of `PUT /api/leases`, `POST /api/renew`: one status each, in order. */
export const renewAnswer: JsonSchema = statuses;
/** Data of `POST /api/cancel`. */
export const cancelAnswer: JsonSchema = record({ cancelled: count });
/** Data of `GET /api/fetch`, `GET /api/fetch/all`. */
export const instancesAnswer: JsonSchema = record({ instances: list(instance) });
/** Data of `GET /api/services`. */
export const servicesAnswer: JsonSchema = record({ services: list(record({ appid: text, versions: list(text) })) });
/** Data of `POST /api/protection/end`. */
export const protectionEndAnswer: JsonSchema = record({ evicted: count });
/** Data of `GET /api/status`. */
export const statusAnswer: JsonSchema = record({
  protection: { enum: ['on', 'off'] },
  warming: flag,
  uptimeMs: count,
  environments: list(
    record({
      ...{ env: text, instances: count, late: count, held: count, missing: count, considered: count, threshold: count },
      ...{ on: flag, explanation: text, renewsLastMinute: count, renewsExpected: count },
    }),
  ),
});
/** What has nothing to say. */
export const noData: JsonSchema = { type: 'null' };
/** An answer around its data. */
export const envelopeOf = (data: JsonSchema): JsonSchema =>
  record({ code: count, message: text, data, epoch: text, revision: count, warming: { const: true } }, ['warming']);

/** The answer to a request that is refused. */
export const failure: JsonSchema = record({ code: count, message: text, data: noData }, ['data']);
