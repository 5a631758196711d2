/** The border: what may come in over HTTP. The limits are those of the contract (core/model/limits.ts). */
const envPattern = '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';
const printable: object = { type: 'string', minLength: 1, maxLength: 255, pattern: '^[^\\u0000-\\u001f\\u007f]+$' };
const env: object = { type: 'string', pattern: envPattern };
const duration: object = { type: 'number', minimum: 0, maximum: 315_360_000_000 };
const label: object = { type: 'string', maxLength: 64, pattern: '^[\\x20-\\x7e]*$' };

const metadata: object = {
  type: 'object',
  maxProperties: 64,
  propertyNames: { pattern: '^[A-Za-z0-9._/-]{1,128}$' },
  additionalProperties: { type: 'string', maxLength: 1_024 },
};

/** Nested as deep as the contract allows, spelt out: a recursive schema has no depth. */
function value(depth: number): object {
  const values = depth === 1 ? { type: 'array', maxItems: 0 } : { type: 'array', items: value(depth - 1) };
  const properties = { name: { type: 'string' }, type: { type: 'string' }, values };
  return { type: 'object', required: ['name', 'type'], properties };
}

const endpoint: object = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string' }, request: value(8), response: value(8), metadata },
};

const instance: object = {
  type: 'object',
  required: ['env', 'appid', 'hostname', 'addrs'],
  properties: {
    env,
    appid: { type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' },
    hostname: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$' },
    addrs: { type: 'array', minItems: 1, maxItems: 16, items: { type: 'string', minLength: 1, maxLength: 300 } },
    version: label,
    region: label,
    zone: label,
    status: { enum: [1, 2] },
    metadata,
    serviceMetadata: metadata,
    endpoints: { type: 'array', maxItems: 256, items: endpoint },
    ttlMs: duration,
    renewIntervalMs: { ...duration, exclusiveMinimum: 0 },
    dirtyTimestamp: { type: 'number', minimum: 0 },
  },
};

const key: object = {
  type: 'object',
  required: ['env', 'appid', 'hostname'],
  properties: { env, appid: printable, hostname: printable },
};
const keys: object = { type: 'array', minItems: 1, maxItems: 10_000, items: key };
const handle: object = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

/** Body of `POST /api/register`. */
export const registerBody: object = {
  type: 'object',
  required: ['instances'],
  properties: { instances: { type: 'array', minItems: 1, maxItems: 1_000, items: instance } },
};

/** Body of `PUT /api/leases`: handles, or `[handle, ttlMs, renewIntervalMs]`. */
export const leasesBody: object = {
  type: 'array',
  maxItems: 10_000,
  items: {
    if: { type: 'array' },
    // biome-ignore lint/suspicious/noThenProperty: it is a word of JSON Schema
    then: { type: 'array', items: [handle, duration, { ...duration, exclusiveMinimum: 0 }], minItems: 3, maxItems: 3 },
    else: handle,
  },
};

/** Body of `POST /api/renew`. */
export const keysBody: object = { type: 'object', required: ['keys'], properties: { keys } };

/** Body of `POST /api/cancel`: exactly one of the two. */
export const cancelBody: object = {
  type: 'object',
  properties: { keys, handles: { type: 'array', minItems: 1, maxItems: 10_000, items: handle } },
  minProperties: 1,
};

/** Query of reads of one service. */
export const fetchQuery: object = { type: 'object', required: ['env', 'appid'], properties: { env, appid: printable } };

/** Query of what concerns a whole env. */
export const envQuery: object = { type: 'object', required: ['env'], properties: { env } };

/** Query of a watch. */
export const watchQuery: object = { type: 'object', required: ['env'], properties: { env, appid: printable } };

/** Query of `GET /api/status`. */
export const statusQuery: object = { type: 'object', properties: { env } };

/** Path of `PUT /api/leases/:handle`; a path is text. */
export const handleParams: object = {
  type: 'object',
  properties: { handle: { type: 'string', pattern: '^[0-9]{1,16}$' } },
};
