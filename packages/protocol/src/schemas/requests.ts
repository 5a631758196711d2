/** Bodies, queries and paths of `/api/*`. */
import {
  cancelKeySchema,
  durationSchema,
  envSchema,
  handleSchema as handle,
  instanceSchema,
  keySchema,
  readableSchema,
  renewIntervalSchema,
  settingSchema,
} from './instance-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { numberPatterns } from './pattern-words.ts';

/** Most instances of one register. */
const maxInstances = 1_000;
/** Most keys or handles of one request. */
const maxItems = 10_000;

const keys: JsonSchema = { type: 'array', minItems: 1, maxItems, items: keySchema };

const cancelKeys: JsonSchema = { ...keys, items: cancelKeySchema };

/** Body of `POST /api/register`. */
export const registerBody: JsonSchema = {
  type: 'object',
  required: ['instances'],
  properties: { instances: { type: 'array', minItems: 1, maxItems: maxInstances, items: instanceSchema } },
};

const secret: JsonSchema = { type: 'string', maxLength: 64 };
const withSecret: JsonSchema = { type: 'array', items: [handle, secret], minItems: 2 };
const withTerms: JsonSchema = {
  ...{ type: 'array', minItems: 3, maxItems: 4 },
  items: [handle, durationSchema, renewIntervalSchema, secret],
};

/** Body of `PUT /api/leases`: handles, or `[handle, ttlMs, renewIntervalMs]`; with lease secrets the secret comes last. */
export const leasesBody: JsonSchema = {
  type: 'array',
  maxItems,
  items: {
    if: { type: 'array' },
    // biome-ignore lint/suspicious/noThenProperty: it is a word of JSON Schema
    then: { if: { type: 'array', maxItems: 2 }, then: withSecret, else: withTerms },
    else: handle,
  },
};

/** Body of `POST /api/renew`. */
export const keysBody: JsonSchema = { type: 'object', required: ['keys'], properties: { keys } };

/** Body of `POST /api/cancel`: one of the two. */
export const cancelBody: JsonSchema = {
  type: 'object',
  properties: {
    keys: cancelKeys,
    handles: { type: 'array', minItems: 1, maxItems, items: handle },
    secrets: { type: 'array', maxItems, items: secret },
  },
  anyOf: [{ required: ['keys'] }, { required: ['handles'] }],
};

/** Body of `POST /api/set`. */
export const setBody: JsonSchema = {
  type: 'object',
  required: ['instances'],
  properties: { instances: { type: 'array', minItems: 1, maxItems: maxInstances, items: settingSchema } },
};

/** A query is text: a cursor, a revision, an ISO time, or how long ago. */
const moment: JsonSchema = { type: 'string', minLength: 1, maxLength: 40 };
const waitMs: JsonSchema = { type: 'string', pattern: numberPatterns.waitMs };
/** Most services of one poll. */
const maxPolled = 100;

/** Query of reads of one service; `at`: a past time. */
export const fetchQuery: JsonSchema = {
  type: 'object',
  required: ['env', 'appid'],
  properties: { env: envSchema, appid: readableSchema, at: moment, exact: { enum: ['0', '1'] } },
};

/** Query of `GET /api/poll`; one `appid` or several. */
export const pollQuery: JsonSchema = {
  type: 'object',
  required: ['env', 'appid'],
  properties: {
    env: envSchema,
    appid: {
      if: { type: 'array' },
      // biome-ignore lint/suspicious/noThenProperty: it is a word of JSON Schema
      then: { type: 'array', items: readableSchema, minItems: 1, maxItems: maxPolled },
      else: readableSchema,
    },
    since: moment,
    waitMs,
  },
};

/** Query of `GET /api/changes`. */
export const changesQuery: JsonSchema = {
  type: 'object',
  properties: {
    env: envSchema,
    appid: readableSchema,
    hostname: readableSchema,
    since: moment,
    limit: { type: 'string', pattern: numberPatterns.limit },
    waitMs,
  },
};

/** Query or body of a request about a whole environment. */
export const envQuery: JsonSchema = { type: 'object', required: ['env'], properties: { env: envSchema } };

/** Query of a watch. */
export const watchQuery: JsonSchema = {
  type: 'object',
  required: ['env'],
  properties: { env: envSchema, appid: readableSchema },
};

/** Query of `GET /api/status`. */
export const statusQuery: JsonSchema = { type: 'object', properties: { env: envSchema } };

/** Path of `PUT /api/leases/:handle`; a path is text. */
export const handleParams: JsonSchema = {
  type: 'object',
  properties: { handle: { type: 'string', pattern: numberPatterns.handle } },
};
