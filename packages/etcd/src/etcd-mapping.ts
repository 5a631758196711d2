/** Pure: entry <-> key and value as go-micro writes them: one key per node, the whole service with that one node as JSON. */
import { type Endpoint, type Entry, type EntryKey, limits, type Metadata, type Value } from '@rollcall/core';

/** go-micro's escaping; our own names and ids have none of it. */
const part = (text: string): string => text.replaceAll('/', '-');

/** The key of a node. */
export const keyFor = (prefix: string, { name, id }: EntryKey): string => `${prefix}${part(name)}/${part(id)}`;

/** What all nodes of a service begin with. The slash keeps `user` apart from `user-admin`. */
export const rangeFor = (prefix: string, name: string | undefined): string =>
  name === undefined ? prefix : `${prefix}${part(name)}/`;

/** The end of the range of all keys that begin with it. */
export function rangeEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

/** The value of a node, its keys in go-micro's order. */
export function encode({ name, version, metadata, endpoints, node }: Entry): Buffer {
  const nodes = [{ metadata: node.metadata, id: node.id, address: node.address }];
  return Buffer.from(JSON.stringify({ name, version, metadata, endpoints: endpoints.map(writeEndpoint), nodes }));
}

const writeEndpoint = ({ name, request, response, metadata }: Endpoint): object => ({
  request: request ?? null,
  response: response ?? null,
  metadata: metadata ?? {},
  name,
});

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What was parsed is nobody else's, so where all of it fits it needs no copy. */
function readMetadata(value: unknown): Metadata {
  const fields = fieldsOf(value);
  if (!Array.isArray(value) && Object.values(fields).every((field) => typeof field === 'string'))
    return fields as Metadata;
  const pairs = Object.entries(fieldsOf(value)).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return Object.fromEntries(pairs);
}

/** Depth is bounded as in the contract: another writer's nesting must not exhaust the stack. */
function readValue(value: unknown, depth = 0): Value | undefined {
  const { name, type, values } = fieldsOf(value);
  if (typeof name !== 'string' && typeof type !== 'string') return undefined;
  const inner = depth >= limits.maxValueDepth ? [] : listOf(values).flatMap((item) => readValue(item, depth + 1) ?? []);
  return { name: textOf(name), type: textOf(type), values: inner };
}

function readEndpoint(value: unknown): Endpoint | undefined {
  const { name, request, response, metadata } = fieldsOf(value);
  if (typeof name !== 'string') return undefined;
  const [asked, answered] = [readValue(request), readValue(response)];
  return {
    name,
    ...(asked === undefined ? {} : { request: asked }),
    ...(answered === undefined ? {} : { response: answered }),
    metadata: readMetadata(metadata),
  };
}

/** go-micro 1 keeps host and port apart. */
function readAddress({ address, port }: Fields): string | undefined {
  if (typeof address !== 'string') return undefined;
  const joined = `${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
  return [address, joined].find(limits.isAddress);
}

/** A value that anybody may have written; undefined: no usable name, id or address. */
export function decode(value: Buffer): Entry | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value.toString());
  } catch {
    return undefined;
  }
  const service = fieldsOf(parsed);
  const node = fieldsOf(listOf(service.nodes)[0]);
  const address = readAddress(node);
  const { name } = service;
  if (typeof name !== 'string' || !limits.isReadableName(name) || address === undefined) return undefined;
  if (typeof node.id !== 'string' || !limits.isReadableName(node.id)) return undefined;
  return {
    name,
    version: textOf(service.version),
    metadata: readMetadata(service.metadata),
    endpoints: listOf(service.endpoints).flatMap((endpoint) => readEndpoint(endpoint) ?? []),
    node: { id: node.id, address, metadata: readMetadata(node.metadata) },
  };
}
