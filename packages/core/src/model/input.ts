/** The border: turns what a caller passes into entries that are known to be valid, or throws `INVALID_ARGUMENT`. */

import type { Entry, EntryKey } from '../adapter/driver.ts';
import type { Endpoint, Metadata, Value } from '../contract.ts';
import { RegistryError } from '../errors.ts';
import { freezeEntry } from './entry.ts';
import * as limits from './limits.ts';

/** The error for a wrong field: it says which field is wrong, what the field must be, and what it is. */
export function invalid(field: string, rule: string, got?: unknown): RegistryError<'INVALID_ARGUMENT'> {
  const shown = got === undefined ? '' : `, got ${describe(got)}`;
  return new RegistryError('INVALID_ARGUMENT', `${field} must be ${rule}${shown}`);
}

function describe(value: unknown): string {
  if (typeof value === 'number') return `${value}`;
  if (typeof value !== 'string') return Array.isArray(value) ? 'an array' : value === null ? 'null' : typeof value;
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}..." (${value.length} characters)` : text;
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(field, 'an object', value ?? 'nothing');
  return value as Record<string, unknown>;
}

function list(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(field, 'an array', value ?? 'nothing');
  return value;
}

function text(value: unknown, field: string, rule: string, holds: (text: string) => boolean): string {
  if (typeof value !== 'string' || !holds(value)) throw invalid(field, rule, value ?? 'nothing');
  return value;
}

const anyText = (value: unknown, field: string): string =>
  text(value, field, 'a string of well-formed Unicode', limits.isWellFormed);

function metadata(value: unknown, field: string): Metadata {
  if (value === undefined || value === null) return {};
  const pairs = Object.entries(record(value, field));
  if (pairs.length > limits.maxMetadataPairs) {
    throw invalid(field, `an object of at most ${limits.maxMetadataPairs} pairs`, pairs.length);
  }
  for (const [key, item] of pairs) {
    if (!limits.isMetadataKey(key)) throw invalid(`${field}: the key`, '1-128 of [A-Za-z0-9._/-]', key);
    const at = `${field}["${key}"]`;
    const bytes = Buffer.byteLength(anyText(item, at));
    if (bytes > limits.maxMetadataValueBytes) {
      throw invalid(at, `at most ${limits.maxMetadataValueBytes} bytes`, bytes);
    }
  }
  // A plain assignment would lose the key `__proto__`.
  return Object.fromEntries(pairs) as Metadata;
}

function payload(value: unknown, field: string, depth = 1): Value {
  if (depth > limits.maxValueDepth) throw invalid(field, `nested at most ${limits.maxValueDepth} deep`);
  const source = record(value, field);
  const values = source.values ?? [];
  return {
    name: anyText(source.name, `${field}.name`),
    type: anyText(source.type, `${field}.type`),
    values: list(values, `${field}.values`).map((item, index) => payload(item, `${field}.values[${index}]`, depth + 1)),
  };
}

function endpoint(value: unknown, field: string): Endpoint {
  const source = record(value, field);
  return {
    name: anyText(source.name, `${field}.name`),
    request: source.request == null ? undefined : payload(source.request, `${field}.request`),
    response: source.response == null ? undefined : payload(source.response, `${field}.response`),
    metadata: metadata(source.metadata, `${field}.metadata`),
  };
}

function endpoints(value: unknown): readonly Endpoint[] {
  const items = list(value ?? [], 'endpoints');
  if (items.length > limits.maxEndpoints)
    throw invalid('endpoints', `a list of at most ${limits.maxEndpoints}`, items.length);
  return items.map((item, index) => endpoint(item, `endpoints[${index}]`));
}

function nodeList(value: unknown): readonly unknown[] {
  const nodes = list(value, 'nodes');
  if (nodes.length === 0) throw invalid('nodes', 'a list of at least one node');
  return nodes;
}

function refuseTwice(ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const [index, id] of ids.entries()) {
    if (seen.has(id)) throw invalid(`nodes[${index}].id`, 'different from the ids before it', id);
    seen.add(id);
  }
}

function node(value: unknown, field: string): Entry['node'] {
  const source = record(value, field);
  return {
    id: text(source.id, `${field}.id`, '1-255 of [A-Za-z0-9._:-], starting with a letter or digit', limits.isNodeId),
    address: text(source.address, `${field}.address`, 'host:port (IPv6 in brackets, port 1-65535)', limits.isAddress),
    metadata: metadata(source.metadata, `${field}.metadata`),
  };
}

/** One frozen entry per node of a `ServiceInput`; throws `INVALID_ARGUMENT`. */
export function parseService(input: unknown): readonly Entry[] {
  const source = record(input, 'service');
  const common = {
    name: text(source.name, 'name', '1-63 of [a-z0-9._-], starting with a letter or digit', limits.isServiceName),
    version: text(source.version ?? '', 'version', '0-64 printable ASCII characters', limits.isVersion),
    metadata: metadata(source.metadata, 'metadata'),
    endpoints: endpoints(source.endpoints),
  };
  const nodes = nodeList(source.nodes).map((item, index) => node(item, `nodes[${index}]`));
  refuseTwice(nodes.map(({ id }) => id));
  return nodes.map((item) => freezeEntry({ ...common, node: item }));
}

/** A name as it may be read or watched; throws `INVALID_ARGUMENT`. */
export function parseName(value: unknown): string {
  return text(value, 'name', '1-255 printable characters', limits.isReadableName);
}

/** The keys of a `ServiceRef`; throws `INVALID_ARGUMENT`. */
export function parseRef(input: unknown): readonly EntryKey[] {
  const source = record(input, 'service');
  const name = parseName(source.name);
  const ids = nodeList(source.nodes).map((item, index) => {
    const field = `nodes[${index}]`;
    return text(record(item, field).id, `${field}.id`, '1-255 printable characters', limits.isReadableName);
  });
  refuseTwice(ids);
  return ids.map((id) => ({ name, id }));
}
