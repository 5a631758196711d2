/**
 * What we read is in tags and in Meta: go-micro's `t-`, `e-` and `v-` tags (metadata of the node, endpoints, version),
 * and what its format cannot carry in our own pair of Meta, or in an `r-` tag where Meta has no room for it.
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

/** What go-micro's format has no place for. */
export interface Authored {
  readonly name: string;
  readonly id: string;
  /** Of the service. */
  readonly metadata: Metadata;
  /** The registry object that wrote it. */
  readonly owner: string;
  /** A mark of this one write: a read that shows the mark shows the write. */
  readonly write: string;
  /** Only where Consul refuses the address itself. */
  readonly address?: string | undefined;
}

/** The pair of Meta that has it. */
export const metaKey = 'rollcall';

/** What the tags of an instance say. */
export interface ReadTags {
  readonly authored: Authored | undefined;
  /** Whether go-micro wrote them. */
  readonly goMicro: boolean;
  readonly version: string;
  readonly metadata: Metadata;
  readonly endpoints: readonly Endpoint[];
}

/** Whether it has room in Meta. */
export const fitsMeta = (authored: Authored): boolean =>
  Buffer.byteLength(JSON.stringify(authored)) <= maxMetaValueBytes;

/** Reads our pair of Meta. */
export const authoredFrom = (meta: Metadata): Authored | undefined => readAuthored(meta[metaKey]);

/**
 * Short, since Consul lists the tags of all instances of all services at once; and another with every write, since that
 * list is how a watch of everything knows what changed.
 */
const markOf = ({ owner, write }: Authored): string => `r-${owner.slice(0, 6)}-${write}`;

/** The tags of an entry, ours first: go-micro takes the form of the first tag that begins with `t` or `e` for all. */
export function writeTags(entry: Entry, authored: Authored, users: readonly string[]): readonly string[] {
  const pairs = Object.entries(entry.node.metadata);
  return [
    // A computed key, since `__proto__` is a key like any other.
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

/** The two forms of go-micro: `t-<hex>` of today, which no tag has by accident, and `t=<text>` of its early days. */
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

/** Reads what can be read; each tag for itself, so that a foreign one (`traefik.enable=true`) spoils no other. */
export function readTags(tags: readonly string[]): ReadTags {
  const parsed = tags.flatMap((tag) => parseTag(tag) ?? []).flatMap((tag) => understand(tag) ?? []);
  const kindsOf = (form: Form): ReadonlySet<string> =>
    new Set(parsed.filter((tag) => tag.form === form).map(({ kind }) => kind));
  const plain = kindsOf('plain');
  // A single tag `v=2` or `t={…}` is other people's as well; go-micro wrote a version and something else.
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

/** What a tag says; undefined where it only looks like one of go-micro. */
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
