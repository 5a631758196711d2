import type { Entry, EntryKey } from '../adapter/driver.ts';
import type { Endpoint, Metadata, Service, ServiceSummary, Value } from '../contract.ts';

/** One string for (name, id). NUL occurs in neither. */
export const keyOf = (name: string, id: string): string => `${name}\0${id}`;

/** The key of an entry. */
export const entryKey = (entry: Entry): EntryKey => ({ name: entry.name, id: entry.node.id });

/** Code-unit order, the same on every machine and locale. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const frozen = new WeakSet<Entry>();

function freezeValue(value: Value): Value {
  return Object.freeze({ ...value, values: Object.freeze((value.values ?? []).map(freezeValue)) });
}

function freezeEndpoint(endpoint: Endpoint): Endpoint {
  return Object.freeze({
    name: endpoint.name,
    ...(endpoint.request ? { request: freezeValue(endpoint.request) } : {}),
    ...(endpoint.response ? { response: freezeValue(endpoint.response) } : {}),
    metadata: Object.freeze({ ...endpoint.metadata }),
  });
}

/** A deeply frozen copy of an entry that a driver read, or the entry itself if it is frozen already. */
export function freezeEntry(entry: Entry): Entry {
  if (frozen.has(entry)) return entry;
  const { id, address, metadata, late } = entry.node;
  const copy: Entry = Object.freeze({
    name: entry.name,
    version: entry.version,
    metadata: Object.freeze({ ...entry.metadata }),
    endpoints: Object.freeze(entry.endpoints.map(freezeEndpoint)),
    node: Object.freeze({ id, address, metadata: Object.freeze({ ...metadata }), ...(late ? { late } : {}) }),
  });
  frozen.add(copy);
  return copy;
}

function sameMetadata(a: Metadata | undefined, b: Metadata | undefined): boolean {
  if (a === b) return true;
  const left = Object.keys(a ?? {});
  if (left.length !== Object.keys(b ?? {}).length) return false;
  return left.every((key) => b !== undefined && Object.hasOwn(b, key) && a?.[key] === b[key]);
}

function sameList<T>(a: readonly T[] = [], b: readonly T[] = [], same: (a: T, b: T) => boolean): boolean {
  return a === b || (a.length === b.length && a.every((item, index) => same(item, b[index] as T)));
}

function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return a.name === b.name && a.type === b.type && sameList(a.values, b.values, sameValue);
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.name === b.name &&
    sameValue(a.request, b.request) &&
    sameValue(a.response, b.response) &&
    sameMetadata(a.metadata, b.metadata)
  );
}

/**
 * Whether two entries of one key have the same content. Ignores the order of metadata, but not that of endpoints and
 * values.
 */
export function sameEntry(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return (
    a.node.id === b.node.id &&
    a.name === b.name &&
    a.version === b.version &&
    a.node.address === b.node.address &&
    a.node.late === b.node.late &&
    sameMetadata(a.node.metadata, b.node.metadata) &&
    sameMetadata(a.metadata, b.metadata) &&
    sameList(a.endpoints, b.endpoints, sameEndpoint)
  );
}

function toService(entries: readonly Entry[]): Service {
  const sorted = [...entries].sort((a, b) => compare(a.node.id, b.node.id));
  const first = sorted[0] as Entry;
  return Object.freeze({
    name: first.name,
    version: first.version,
    metadata: first.metadata,
    endpoints: first.endpoints,
    nodes: Object.freeze(sorted.map((entry) => entry.node)),
  });
}

const alone = new WeakMap<Entry, Service>();

/** A service with exactly this node, as an event carries it. One object per entry, shared by all watchers. */
export function serviceOf(entry: Entry): Service {
  const known = alone.get(entry);
  if (known !== undefined) return known;
  const service = toService([entry]);
  alone.set(entry, service);
  return service;
}

/** Entries of one name as services: one per version, sorted, with nodes sorted by id. */
export function groupByVersion(entries: Iterable<Entry>): readonly Service[] {
  const versions = new Map<string, Entry[]>();
  for (const entry of entries) {
    const group = versions.get(entry.version);
    if (group === undefined) versions.set(entry.version, [entry]);
    else group.push(entry);
  }
  return Object.freeze([...versions.values()].map(toService).sort((a, b) => compare(a.version, b.version)));
}

/** Names with their versions, both sorted. */
export function summarize(entries: Iterable<{ readonly name: string; readonly version: string }>): ServiceSummary[] {
  const names = new Map<string, Set<string>>();
  for (const { name, version } of entries) {
    const versions = names.get(name);
    if (versions === undefined) names.set(name, new Set([version]));
    else versions.add(version);
  }
  return [...names].map(([name, versions]) => ({ name, versions: [...versions] }));
}

/** Sorted and frozen. */
export function freezeSummaries(summaries: readonly ServiceSummary[]): readonly ServiceSummary[] {
  const copies = summaries.map(({ name, versions }) =>
    Object.freeze({ name, versions: Object.freeze([...versions].sort(compare)) }),
  );
  return Object.freeze(copies.sort((a, b) => compare(a.name, b.name)));
}
