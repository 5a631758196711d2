/** Pure: entry <-> instance in the wire format. What other clients wrote is read as tolerantly as possible. */
import type { Endpoint, ServiceSummary, Value } from '@rollcall/core';
import { type Entry, type Lease, limits, readMetadata } from '@rollcall/core/adapter';
import {
  type Instance,
  type InstanceInput,
  usableAddress,
  type WireEndpoint,
  type WireValue,
} from '@rollcall/protocol';

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

/** What a register sends for an entry. `takeOver`: even if another client holds the id. */
export function toInstance(entry: Entry, env: string, lease: Lease | undefined, takeOver: boolean): InstanceInput {
  return {
    ...(takeOver ? {} : { takeOver }),
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

/** Endpoints without a name are dropped; the others are passed on as they are. */
const readEndpoints = (endpoints: unknown): readonly Endpoint[] =>
  (Array.isArray(endpoints) ? endpoints : []).filter((endpoint) => typeof endpoint?.name === 'string');

/** The result of reading an instance: an entry, "out of service", or "unusable" with the reason. */
export type Reading =
  | { readonly entry: Entry }
  | { readonly entry?: undefined; readonly key: string; readonly unusable: string | undefined };

/** Reads an instance that any client may have written. */
export function readInstance(value: unknown): Reading {
  const instance: Partial<Record<keyof Instance, unknown>> = typeof value === 'object' && value !== null ? value : {};
  const { appid, hostname, version, status, late } = instance;
  const key = `${String(appid)}/${String(hostname)}`;
  if (status === 2) return { key, unusable: undefined };
  if (typeof appid !== 'string' || !limits.isReadableName(appid)) return { key, unusable: 'no usable name' };
  if (typeof hostname !== 'string' || !limits.isReadableName(hostname)) return { key, unusable: 'no usable id' };
  const address = usableAddress(instance.addrs);
  if (address === undefined) return { key, unusable: 'no usable address' };
  return {
    entry: {
      name: appid,
      version: typeof version === 'string' ? version : '',
      metadata: readMetadata(instance.serviceMetadata),
      endpoints: readEndpoints(instance.endpoints),
      node: { id: hostname, address, metadata: readMetadata(instance.metadata), ...(late === true ? { late } : {}) },
    },
  };
}

/** Reads the name of a service with its versions; undefined for any other value. */
export function readSummary(value: unknown): readonly ServiceSummary[] {
  const { appid, versions }: Partial<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {};
  if (typeof appid !== 'string' || !Array.isArray(versions)) return [];
  return [{ name: appid, versions: versions.filter((version) => typeof version === 'string') }];
}
