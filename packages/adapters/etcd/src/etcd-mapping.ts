/**
 * Pure: entry <-> key and value in go-micro's format: one key per node, whose value is the whole service with that one
 * node as JSON.
 */
import type { Endpoint } from '@rollcall/core';
import { type Entry, type EntryKey, limits, readMetadata } from '@rollcall/core/adapter';
import { parseObject, readEndpoint } from '@rollcall/core/go-micro';

/** go-micro's escaping. Our own names and ids contain none of the escaped characters. */
const part = (text: string): string => text.replaceAll('/', '-');

/** The key of a node. */
export const keyFor = (prefix: string, { name, id }: EntryKey): string => `${prefix}${part(name)}/${part(id)}`;

/** The common prefix of the keys of a service's nodes. Its slash keeps `user` apart from `user-admin`. */
export const rangeFor = (prefix: string, name: string | undefined): string =>
  name === undefined ? prefix : `${prefix}${part(name)}/`;

/** The end of the range of all keys with this prefix. */
export function rangeEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

/** The value of a node, with its fields in go-micro's order. */
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

/** go-micro 1 writes host and port as two fields. */
function readAddress({ address, port }: Fields): string | undefined {
  if (typeof address !== 'string') return undefined;
  const joined = `${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
  return [address, joined].find(limits.isAddress);
}

/** Reads a value that any program may have written; undefined without a usable name, id or address. */
export function decode(value: Buffer): Entry | undefined {
  const service = fieldsOf(parseObject(value.toString()));
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
