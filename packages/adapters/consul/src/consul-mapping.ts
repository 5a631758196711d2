/** Pure: entry <-> what an agent registers, and what `/v1/health/service` answers. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { compare, type Entry, type EntryKey, keyOf, type Lease, limits, readMetadata } from '@rollcall/core/adapter';
import { maxCheckTtlMs, maxMetaPairs, maxMetaValueBytes, reapAfterMs, reapFloorMs } from './consul-options.ts';
import { foreignId, foreignMetadata, foreignVersion, readHost } from './tags/foreign.ts';
import { type Authored, authoredFrom, fitsMeta, metaKey, readTags, writeTags } from './tags/tags.ts';

/** The fields of `PUT /v1/agent/service/register` that are used here, in the spelling of the client library. */
export interface Registration {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string>>;
  readonly address?: string | undefined;
  readonly port: number;
  readonly check: {
    readonly ttl: string;
    readonly status: 'passing';
    readonly deregistercriticalserviceafter?: string | undefined;
  };
}

/** The mark of the writer and of the write. */
export interface Authorship {
  readonly owner: string;
  readonly write: string;
  /** The user's own tags. */
  readonly tags: readonly string[];
}

/** One service instance of the catalogue, decoded. */
export interface Instance {
  readonly entry: Entry;
  /** Consul's node: the agent that the instance is registered with. */
  readonly node: string;
  readonly serviceId: string;
  /** Whether no check is critical: none of the instance, and none of the node in Consul's sense. */
  readonly live: boolean;
  /** Whether the instance's own TTL check passes, even if its machine has a critical check. */
  readonly passing: boolean;
  /** The registry object that wrote the instance; undefined: another program wrote it. */
  readonly owner: string | undefined;
  readonly write: string | undefined;
  readonly modified: number;
}

/**
 * The form of go-micro's ids behind the service name. It names the service, so no node of another service has such an
 * id.
 */
const goMicroId = /^-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The id of the instance in Consul. Consul's ids are unique per agent, ignore case, and are limited where they are a
 * path segment; ours are unique per service. So every id gets a hash, except those in go-micro's form.
 */
export function serviceIdOf({ name, id }: EntryKey): string {
  if (id.startsWith(name) && goMicroId.test(id.slice(name.length))) return id;
  const hash = createHash('sha256').update(`${name}\0${id}`).digest('hex').slice(0, 12);
  return `${name}:${id.toLowerCase()}:${hash}`;
}

/** A duration as Go writes it: `1m5s`, `1.5s`, `87600h0m0s`. */
export function goDuration(ms: number): string {
  const seconds = `${(ms % 60_000) / 1_000}s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}

/** Whether Consul refuses to register the address because it means all interfaces. */
function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || (isIP(host) === 6 && new URL(`http://[${host}]`).hostname === '[::]');
}

/**
 * Pairs of Meta, up to Consul's limit: our own pair, where it fits; the version, for programs that read Consul by hand;
 * then metadata of the node, for people. The adapter never reads the metadata back from there.
 */
function metaOf(entry: Entry, authored: Authored): Record<string, string> {
  const own = { ...(fitsMeta(authored) ? { [metaKey]: JSON.stringify(authored) } : {}) };
  const version = entry.version === '' ? {} : { version: entry.version };
  const pairs = Object.entries(entry.node.metadata).filter(
    ([key, value]) =>
      /^[A-Za-z0-9_-]{1,128}$/.test(key) && !key.startsWith('consul-') && Buffer.byteLength(value) <= maxMetaValueBytes,
  );
  const first = { ...own, ...version };
  const room = maxMetaPairs - Object.keys(first).length;
  return { ...Object.fromEntries(pairs.filter(([key]) => !Object.hasOwn(first, key)).slice(0, room)), ...first };
}

/**
 * What is registered for an entry. Without a lease the check lasts ten years, because a watch of everything finds
 * services by the list of checks.
 */
export function toRegistration(entry: Entry, lease: Lease | undefined, author: Authorship): Registration {
  const { name, node } = entry;
  const { host, port } = limits.splitAddress(node.address);
  const refused = isUnspecified(host);
  const { owner, write } = author;
  const address = refused ? { address: node.address } : {};
  const authored = { name, id: node.id, metadata: entry.metadata, owner, write, ...address };
  return {
    id: serviceIdOf({ name, id: node.id }),
    name,
    tags: writeTags(entry, authored, author.tags),
    meta: metaOf(entry, authored),
    ...(refused ? {} : { address: host }),
    port,
    check: {
      ttl: goDuration(lease?.ttlMs ?? maxCheckTtlMs),
      status: 'passing',
      ...(lease === undefined
        ? {}
        : { deregistercriticalserviceafter: goDuration(Math.max(lease.ttlMs, reapFloorMs) + reapAfterMs) }),
    },
  };
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

function readEntry(
  service: Record<string, unknown>,
  node: Record<string, unknown>,
): Omit<Instance, 'live' | 'passing'> {
  const name = text(service.Service);
  const tags = texts(service.Tags);
  const meta = readMetadata(service.Meta);
  const read = readTags(tags);
  const authored = authoredFrom(meta) ?? read.authored;
  // A Meta pair or tag that was copied by hand from another service does not count.
  const ours = authored?.name === name ? authored : undefined;
  const isForeign = ours === undefined && !read.goMicro;
  const [serviceId, machine] = [text(service.ID), text(node.Node)];
  return {
    entry: {
      name,
      version: isForeign ? foreignVersion(meta, tags) : read.version,
      metadata: ours?.metadata ?? {},
      endpoints: read.endpoints,
      node: {
        id: ours?.id ?? (isForeign ? foreignId(serviceId, machine) : serviceId),
        address: ours?.address ?? readHost(text(service.Address) || text(node.Address), Number(service.Port)),
        metadata: isForeign ? foreignMetadata(meta, tags) : read.metadata,
      },
    },
    node: machine,
    serviceId,
    owner: ours?.owner,
    write: ours?.write,
    modified: typeof service.ModifyIndex === 'number' ? service.ModifyIndex : 0,
  };
}

/** Decodes an item of `/v1/health/service`; undefined without a usable name, id or address. */
export function toInstance(item: unknown): Instance | undefined {
  const { Service, Node, Checks } = object(item);
  const read = readEntry(object(Service), object(Node));
  const { name, node } = read.entry;
  if (!limits.isReadableName(name) || !limits.isReadableName(node.id) || !limits.isAddress(node.address))
    return undefined;
  const checks = (Array.isArray(Checks) ? Checks : []).map(object);
  const own = checks.find(({ CheckID }) => CheckID === `service:${read.serviceId}`);
  return {
    ...read,
    live: !checks.some(({ Status }) => Status === 'critical'),
    passing: own?.Status === 'passing',
  };
}

/** The registry object that wrote an agent's own record of a service; undefined: another program wrote it. */
export function ownerOf(record: object): string | undefined {
  const { Meta, Tags } = object(record);
  return (authoredFrom(readMetadata(Meta)) ?? readTags(texts(Tags)).authored)?.owner;
}

/** The name of a skipped item, for the operator. */
export function describeItem(item: unknown): string {
  const service = object(object(item).Service);
  const machine = text(object(object(item).Node).Node);
  return `${text(service.Service)}/${foreignId(text(service.ID), machine)}`;
}

/** Orders passing before critical, then the newest first: an id may be on two agents until the TTL of the old one ends. */
function precedes(a: Instance, b: Instance): number {
  return Number(b.live) - Number(a.live) || b.modified - a.modified || compare(a.node, b.node);
}

/** One instance for each (name, id), dead ones included. */
export function withoutDoubles(instances: Iterable<Instance>): Map<string, Instance> {
  const best = new Map<string, Instance>();
  for (const instance of instances) {
    const key = keyOf(instance.entry.name, instance.entry.node.id);
    const known = best.get(key);
    if (known === undefined || precedes(instance, known) < 0) best.set(key, instance);
  }
  return best;
}
