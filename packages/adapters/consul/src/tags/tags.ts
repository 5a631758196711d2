/**
 * Everything that we read is in tags: go-micro's `t-`, `e-` and `v-` (metadata of the node, endpoints, version), and
 * our `r-`, which go-micro passes over, with what its format cannot carry.
 */
import type { Endpoint, Metadata } from '@rollcall/core';
import { type Entry, limits } from '@rollcall/core/adapter';
import {
  decodeZlib,
  encodeGo,
  encodeZlib,
  goEndpoint,
  goJson,
  parseObject,
  readEndpoint,
  readMetadata,
} from '@rollcall/core/go-micro';

/** What an `r-` tag carries. */
export interface RollcallTag {
  readonly name: string;
  readonly id: string;
  /** Of the service. */
  readonly metadata: Metadata;
  /** The registry object that wrote it. */
  readonly owner: string;
  /** This one write: a read that shows it shows the write. */
  readonly write: string;
  /** Only where Consul refuses the address itself. */
  readonly address?: string | undefined;
}

/** What the tags of an instance say. */
export interface ReadTags {
  readonly rollcall: RollcallTag | undefined;
  /** Whether any tag is in a form of go-micro. */
  readonly goMicro: boolean;
  readonly version: string;
  readonly metadata: Metadata;
  readonly endpoints: readonly Endpoint[];
}

/** The tags of an entry, ours first: go-micro takes the form of the first tag that begins with `t` or `e` for all. */
export function writeTags(entry: Entry, rollcall: RollcallTag, users: readonly string[]): readonly string[] {
  const pairs = Object.entries(entry.node.metadata);
  return [
    // A computed key, since `__proto__` is a key like any other.
    ...pairs.map(([key, value]) => `t-${encodeGo(goJson({ [key]: value }))}`),
    ...entry.endpoints.map((endpoint) => `e-${encodeGo(goEndpoint(endpoint))}`),
    `v-${encodeGo(entry.version)}`,
    `r-${encodeZlib(JSON.stringify(rollcall))}`,
    ...users,
  ];
}

/** The text of a tag, in the form of today (`t-<hex>`) or that of go-micro's early days (`t=<text>`). */
function payload(tag: string): string | undefined {
  return tag[1] === '=' ? tag.slice(2) : tag[1] === '-' ? decodeZlib(tag.slice(2)) : undefined;
}

function readRollcall(text: string | undefined): RollcallTag | undefined {
  const { name, id, owner, write, metadata, address } = parseObject(text) ?? {};
  if (typeof name !== 'string' || typeof id !== 'string' || !limits.isReadableName(id)) return undefined;
  if (typeof owner !== 'string' || typeof write !== 'string') return undefined;
  return {
    name,
    id,
    owner,
    write,
    metadata: readMetadata(metadata),
    ...(typeof address === 'string' ? { address } : {}),
  };
}

/** Reads what can be read; each tag for itself, so that a foreign one (`traefik.enable=true`) spoils no other. */
export function readTags(tags: readonly string[]): ReadTags {
  const pairs: [string, string][] = [];
  const endpoints: Endpoint[] = [];
  let version: string | undefined;
  let rollcall: RollcallTag | undefined;
  let goMicro = false;
  for (const tag of tags) {
    const kind = tag[0];
    if (kind === 'r' && tag[1] === '-') rollcall ??= readRollcall(payload(tag));
    if (kind !== 't' && kind !== 'e' && kind !== 'v') continue;
    const text = payload(tag);
    const object = kind === 'v' ? undefined : parseObject(text);
    const endpoint = kind === 'e' ? readEndpoint(object) : undefined;
    if (kind === 'v' && text !== undefined) version ??= text;
    if (kind === 't' && object !== undefined) pairs.push(...Object.entries(readMetadata(object)));
    if (endpoint !== undefined) endpoints.push(endpoint);
    goMicro ||= kind === 'v' ? text !== undefined : object !== undefined;
  }
  return { rollcall, goMicro, version: version ?? '', metadata: Object.fromEntries(pairs), endpoints };
}
