/** Pure: entry <-> instance of the wire. What others wrote is read as tolerantly as possible. */
import { type Endpoint, type Entry, type Lease, limits, type Metadata, type Value } from '@rollcall/core';
import type { Instance, InstanceInput, WireEndpoint, WireValue } from './protocol/index.ts';

function toWireValue({ name, type, values }: Value): WireValue {
  return { name, type, values: (values ?? []).map(toWireValue) };
}

function toWireEndpoint({ name, request, response, metadata }: Endpoint): WireEndpoint {
  return {
    name,
    ...(request === undefined ? {} : { request: toWireValue(request) }),
    ...(response === undefined ? {} : { response: toWireValue(response) }),
    metadata: metadata ?? {},
  };
}

/** What a register sends for an entry. */
export function toInstance(entry: Entry, env: string, lease: Lease | undefined): InstanceInput {
  return {
    env,
    appid: entry.name,
    hostname: entry.node.id,
    addrs: [entry.node.address],
    version: entry.version,
    metadata: entry.node.metadata,
    serviceMetadata: entry.metadata,
    endpoints: entry.endpoints.map(toWireEndpoint),
    ttlMs: lease?.ttlMs ?? 0,
    ...(lease === undefined ? {} : { renewIntervalMs: lease.renewIntervalMs }),
  };
}

function readMetadata(value: unknown): Metadata {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/** Other clients write URLs (`grpc://10.0.0.1:80`): the part that is an address counts. */
function readAddress(addrs: unknown): string | undefined {
  if (!Array.isArray(addrs)) return undefined;
  const texts = addrs.filter((addr): addr is string => typeof addr === 'string');
  return texts.map((text) => text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/\/.*$/, '')).find(limits.isAddress);
}

/** An instance as an entry; undefined when it is out, or has no usable name, id or address. */
export function toEntry(instance: Partial<Instance>): Entry | undefined {
  const { appid, hostname, version, status, late } = instance;
  const address = readAddress(instance.addrs);
  if (typeof appid !== 'string' || !limits.isReadableName(appid)) return undefined;
  if (typeof hostname !== 'string' || !limits.isReadableName(hostname)) return undefined;
  if (address === undefined || status === 2) return undefined;
  return {
    name: appid,
    version: typeof version === 'string' ? version : '',
    metadata: readMetadata(instance.serviceMetadata),
    // The server's schema has checked their shape.
    endpoints: Array.isArray(instance.endpoints) ? instance.endpoints : [],
    node: { id: hostname, address, metadata: readMetadata(instance.metadata), ...(late === true ? { late } : {}) },
  };
}
