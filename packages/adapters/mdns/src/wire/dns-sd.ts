/** The shape that any DNS-SD browser understands (RFC 6763), with the full content in TXT. */
import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Entry, type EntryKey, limits } from '@rollcall/core/adapter';
import { parseObject, readEndpoint, readMetadata } from '@rollcall/core/go-micro';

/** A question for this enumerates service types (RFC 6763, 9). */
const enumeration = (domain: string): string => `_services._dns-sd._udp.${domain}`;
const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** The names of one roll. */
export interface DnsSdNames {
  /** `_rollcall._tcp.local`: a pointer to every node. */
  readonly type: string;
  readonly enumeration: string;
  /** A pointer to every node of one service. Hashed, since a name with dots is not one label. */
  subtype(name: string): string;
  /** The name of one node's instance. */
  instance(key: EntryKey): string;
}

/** A namespace is a domain below `local`. One that is not a lower-case label is hashed. */
export function dnsSdNames(namespace: string | undefined): DnsSdNames {
  const label = namespace?.toLowerCase().replace(/[^a-z0-9-]/g, '-');
  const domain =
    label === undefined
      ? 'local'
      : `${label === namespace ? label : `${label.slice(0, 48)}-${hash(namespace ?? '')}`}.local`;
  const type = `_rollcall._tcp.${domain}`;
  return {
    type,
    enumeration: enumeration(domain),
    subtype: (name) => `_${hash(name)}._sub.${type}`,
    instance: ({ name, id }) => `${id.slice(0, 24).replace(/[^A-Za-z0-9_-]/g, '-')}-${hash(`${name}\0${id}`)}.${type}`,
  };
}

/** The content of an instance's TXT record. */
export interface Truth {
  readonly name: string;
  readonly id: string;
  readonly version: string;
  /** Undefined for an instance of another program, which has host and port in its other records. */
  readonly entry: Entry | undefined;
  /** The registry object that announces the instance; undefined: another program announces it. */
  readonly owner: string | undefined;
}

/** A string of TXT holds 255 bytes, including its key. */
const pieceBytes = 250;
/** Largest text that is inflated, in bytes: far more than fits in a packet, and far less than would hurt. */
const maxInflated = 262_144;
/** A goodbye with this text says that the lease ended and that the node was not deregistered. */
const expiredMark = 'gone=expired';

/** The strings of an entry's TXT: name, version and owner as text, for people and tools; the rest deflated. */
export function writeTruth({ name, version, metadata, endpoints, node }: Entry, owner: string): Buffer[] {
  const rest = deflateRawSync(JSON.stringify({ ...node, service: metadata, endpoints }));
  const pieces = Array.from({ length: Math.ceil(rest.length / pieceBytes) }, (_, index) =>
    Buffer.concat([Buffer.from(`r${index}=`), rest.subarray(index * pieceBytes, (index + 1) * pieceBytes)]),
  );
  return [
    ...['txtvers=1', `name=${name}`, `version=${version}`, `owner=${owner}`].map((text) => Buffer.from(text)),
    ...pieces,
  ];
}

/** The TXT of a goodbye at the end of a lease. */
export const expiredTruth = (): Buffer[] => [Buffer.from(expiredMark)];
/** Whether a TXT is that of a goodbye at the end of a lease. */
export const saysExpired = (data: readonly Buffer[]): boolean => data.some((item) => item.toString() === expiredMark);

/** A pair of TXT. */
interface Pair {
  /** The key as written. */
  readonly key: string;
  /** Empty for a key without `=`. */
  readonly value: Buffer;
}

/** Pairs by key in lower case, since keys ignore case (RFC 6763, 6.4). */
function pairsOf(data: readonly Buffer[]): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  for (const item of data) {
    const equals = item.indexOf(0x3d);
    const key = item.subarray(0, equals < 0 ? item.length : equals).toString('latin1');
    const value = item.subarray(equals < 0 ? item.length : equals + 1);
    // The first of equal keys counts.
    if (key !== '' && !pairs.has(key.toLowerCase())) pairs.set(key.toLowerCase(), { key, value });
  }
  return pairs;
}

function inflate(pairs: ReadonlyMap<string, Pair>): Record<string, unknown> | undefined {
  const pieces: Buffer[] = [];
  for (let piece = pairs.get('r0'); piece !== undefined; piece = pairs.get(`r${pieces.length}`))
    pieces.push(piece.value);
  try {
    return parseObject(inflateRawSync(Buffer.concat(pieces), { maxOutputLength: maxInflated }).toString());
  } catch {
    return undefined;
  }
}

/**
 * Reads the TXT of any program in our type. A program without our fields may give `name`, `id` and `version`; its other
 * pairs are metadata of the node. Its instance label stands for missing fields.
 */
export function readTruth(label: string, data: readonly Buffer[]): Truth | undefined {
  const pairs = pairsOf(data);
  const text = (key: string): string | undefined => pairs.get(key)?.value.toString();
  const rest = inflate(pairs);
  const name = text('name') ?? label;
  const id = typeof rest?.id === 'string' ? rest.id : (text('id') ?? label);
  const version = text('version') ?? '';
  if (!limits.isReadableName(name) || !limits.isReadableName(id)) return undefined;
  if (rest === undefined) return { name, id, version, entry: undefined, owner: text('owner') };
  if (typeof rest.address !== 'string' || !limits.isAddress(rest.address)) return undefined;
  const endpoints = (Array.isArray(rest.endpoints) ? rest.endpoints : []).flatMap((item) => readEndpoint(item) ?? []);
  const node = { id, address: rest.address, metadata: readMetadata(rest.metadata) };
  const entry = { name, version, metadata: readMetadata(rest.service), endpoints, node };
  return { name, id, version, entry, owner: text('owner') };
}

const reserved = new Set(['txtvers', 'name', 'id', 'version', 'owner']);

/** The entry of a program that does not write our TXT. */
export function foreignEntry({ name, id, version }: Truth, data: readonly Buffer[], address: string): Entry {
  const metadata = Object.fromEntries(
    [...pairsOf(data)]
      .filter(([lowered]) => !reserved.has(lowered))
      .map(([, { key, value }]) => [key, value.toString()]),
  );
  return { name, version, metadata: {}, endpoints: [], node: { id, address, metadata } };
}
