/** What an instance may be over HTTP. The limits are those of the contract, as core exports them. */
import { limits } from '@rollcall/core';
import type { JsonSchema } from './json-schema.ts';

/** Most addresses of an instance; clients use the first. */
const maxAddresses = 16;
/** Longest address: a scheme, a DNS name of 253, a port and a path. Bytes. */
const maxAddressBytes = 512;

/** An environment: what adapters call a namespace. */
export const envSchema: JsonSchema = { type: 'string', pattern: limits.patterns.namespace };
/** A name or an id as it may be read or removed: other clients may have written it. */
export const readableSchema: JsonSchema = { type: 'string', pattern: limits.patterns.readableName };
/** Milliseconds. */
export const durationSchema: JsonSchema = { type: 'number', minimum: 0, maximum: limits.maxDurationMs };
/** How often a client renews. Milliseconds. */
export const renewIntervalSchema: JsonSchema = { ...durationSchema, exclusiveMinimum: 0 };

const label: JsonSchema = { type: 'string', pattern: limits.patterns.version };
const text = (maxBytes: number): JsonSchema => ({ type: 'string', 'x-maxBytes': maxBytes, 'x-wellFormed': true });
/** A text in a node. The size of the whole node bounds it further, and the server measures that. */
const nodeText: JsonSchema = text(limits.maxNodeBytes);

const metadata: JsonSchema = {
  type: 'object',
  maxProperties: limits.maxMetadataPairs,
  propertyNames: { pattern: limits.patterns.metadataKey },
  additionalProperties: text(limits.maxMetadataValueBytes),
};

/** Known fields only: the server drops other fields. */
const record = (required: readonly string[], properties: JsonSchema): JsonSchema => ({
  type: 'object',
  required,
  properties,
  additionalProperties: false,
});

/** Nested as deep as the contract allows, spelt out, because a recursive schema has no depth. */
function value(depth: number): JsonSchema {
  const values = depth === 1 ? { type: 'array', maxItems: 0 } : { type: 'array', items: value(depth - 1) };
  return record(['name', 'type'], { name: nodeText, type: nodeText, values });
}

const payload = value(limits.maxValueDepth);
const endpoint = record(['name'], { name: nodeText, request: payload, response: payload, metadata });

/** The fields of an instance in a register call and in lists. */
export const instanceFields: JsonSchema = {
  env: envSchema,
  appid: { type: 'string', pattern: limits.patterns.serviceName },
  hostname: { type: 'string', pattern: limits.patterns.nodeId },
  addrs: {
    type: 'array',
    minItems: 1,
    maxItems: maxAddresses,
    items: { ...text(maxAddressBytes), minLength: 1 },
  },
  version: label,
  region: label,
  zone: label,
  status: { enum: [1, 2] },
  metadata,
  serviceMetadata: metadata,
  endpoints: { type: 'array', maxItems: limits.maxEndpoints, items: endpoint },
  ttlMs: durationSchema,
  renewIntervalMs: renewIntervalSchema,
  dirtyTimestamp: { type: 'number', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
};

/** An instance as a register call sends it. */
export const instanceSchema: JsonSchema = record(['env', 'appid', 'hostname', 'addrs'], {
  ...instanceFields,
  takeOver: {
    type: 'boolean',
    description:
      'false: where another client holds it under a lease that runs, nothing is written and the answer is 409',
  },
});

const key = { env: envSchema, appid: readableSchema, hostname: readableSchema };

/** What a set call changes of an instance. */
export const settingSchema: JsonSchema = record(['env', 'appid', 'hostname'], {
  ...key,
  status: { enum: [1, 2] },
  metadata,
});

/** A number by which a client renews and cancels. */
export const handleSchema: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

/** Names an instance. */
export const keySchema: JsonSchema = record(['env', 'appid', 'hostname'], key);

/** Names an instance, and has the caller's handle if there is one. */
export const cancelKeySchema: JsonSchema = record(['env', 'appid', 'hostname'], { ...key, handle: handleSchema });
