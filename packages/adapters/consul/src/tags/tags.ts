/**
 * The adapter reads tags and Meta. go-micro's `t-`, `e-` and `v-` tags hold metadata of the node, endpoints and
 * version. Fields that go-micro's format cannot carry are in our own pair of Meta, or in an `r-` tag where Meta has no
 * room.
 */
import type { Endpoint, Metadata } from '@rollcall/core';
import { type Entry, limits, readMetadata } from '@rollcall/core/adapter';
import {
  decodeZlib,
  encodeGo,
  encodeZlib,
  goEndpoint,
  goJson,
  parseObject,
  readEndpoint,
} from '@rollcall/core/go-micro';
import { maxMetaValueBytes } from '../consul-options.ts';

/** Fields that go-micro's format has no place for. */
export interface Authored {
  readonly name: string;
  readonly id: string;
  /** Metadata of the service. */
  readonly metadata: Metadata;
  /** The registry object that wrote the instance. */
  readonly owner: string;
  /** A mark of this one write: a read that shows the mark shows the write. */
  readonly write: string;
  /** The address of the node; present only where Consul refuses that address. */
  readonly address?: string | undefined;
}

/** The pair of Meta that holds the fields. */
export const metaKey = 'rollcall';

/** The content of an instance's tags. */
export interface ReadTags {
  readonly authored: Authored | undefined;
  /** Whether go-micro wrote the tags. */
  readonly goMicro: boolean;
  readonly version: string;
  readonly metadata: Metadata;
  readonly endpoints: readonly Endpoint[];
}

/** Whether the pair fits into Meta. */
export const fitsMeta = (authored: Authored): boolean =>
  Buffer.byteLength(JSON.stringify(authored)) <= maxMetaValueBytes;

/** Reads our pair of Meta. */
export const authoredFrom = (meta: Metadata): Authored | undefined => readAuthored(meta[metaKey]);

/**
 * A short mark, since Consul lists the tags of all instances of all services at once. It differs with every write,
 * because a watch of everything learns from that list what changed.
 */
const markOf = ({ owner, write }: Authored): string => `r-${owner.slice(0, 6)}-${write}`;

/**
 * The tags of an entry, ours first, because go-micro takes the form of the first tag that begins with `t` or `e` for
 * the form of all.
 */
export function writeTags(entry: Entry, authored: Authored, users: readonly string[]): readonly string[] {
  const pairs = Object.entries(entry.node.metadata);
  return [
    // A computed key, because `__proto__` is a key like any other.
    ...pairs.map(([key, value]) => `t-${encodeGo(goJson({ [key]: value }))}`),
    ...entry.endpoints.map((endpoint) => `e-${encodeGo(goEndpoint(endpoint))}`),
    `v-${encodeGo(entry.version)}`,
    fitsMeta(authored) ? markOf(authored) : `r-${encodeZlib(JSON.stringify(authored))}`,
    ...users,
  ];
}

function readAuthored(text: string | undefined): Authored | undefined {
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

/** The two forms of go-micro: today's `t-<hex>`, which no other tag has by accident, and the early `t=<text>`. */
type Form = 'coded' | 'plain';

/** One tag in a form of go-micro. */
interface GoMicroTag {
  readonly form: Form;
  readonly kind: string;
  readonly text: string;
}

function parseTag(tag: string): GoMicroTag | undefined {
  const kind = tag[0] ?? '';
  if (!'tev'.includes(kind)) return undefined;
  if (tag[1] === '=') return { form: 'plain', kind, text: tag.slice(2) };
  const text = tag[1] === '-' ? decodeZlib(tag.slice(2)) : undefined;
  return text === undefined ? undefined : { form: 'coded', kind, text };
}

/** Reads each tag by itself, so that a foreign one (`traefik.enable=true`) does not spoil the others. */
export function readTags(tags: readonly string[]): ReadTags {
  const parsed = tags.flatMap((tag) => parseTag(tag) ?? []).flatMap((tag) => understand(tag) ?? []);
  const kindsOf = (form: Form): ReadonlySet<string> =>
    new Set(parsed.filter((tag) => tag.form === form).map(({ kind }) => kind));
  const plain = kindsOf('plain');
  // A single tag `v=2` or `t={…}` may be another program's; go-micro wrote a version together with another tag.
  const hasPlain = plain.has('v') && plain.size > 1;
  const goMicro = kindsOf('coded').size > 0 || hasPlain;
  const known = parsed.filter(({ form }) => form === 'coded' || hasPlain);
  return {
    authored: readAuthored(
      tags.filter((tag) => tag.startsWith('r-')).flatMap((tag) => decodeZlib(tag.slice(2)) ?? [])[0],
    ),
    goMicro,
    version: known.find(({ kind }) => kind === 'v')?.text ?? '',
    metadata: Object.fromEntries(known.flatMap(({ pairs }) => pairs)),
    endpoints: known.flatMap(({ endpoint }) => endpoint ?? []),
  };
}

/** The content of a tag; undefined where it only looks like one of go-micro. */
interface Understood extends GoMicroTag {
  readonly pairs: readonly (readonly [string, string])[];
  readonly endpoint: Endpoint | undefined;
}

function understand(tag: GoMicroTag): Understood | undefined {
  if (tag.kind === 'v') return { ...tag, pairs: [], endpoint: undefined };
  const object = parseObject(tag.text);
  if (object === undefined) return undefined;
  if (tag.kind === 't') return { ...tag, pairs: Object.entries(readMetadata(object)), endpoint: undefined };
  return { ...tag, pairs: [], endpoint: readEndpoint(object) };
}
