import type { Instance, InstanceInput, InstanceKey } from '@rollcall/protocol';
import { defaultRenewIntervalMs, defaultTtlMs, minTtlMs, ttlResolutionMs } from '../server-options.ts';

/** One string for a key. NUL occurs in none of the three. */
export const idOf = ({ env, appid, hostname }: InstanceKey): string => `${env}\0${appid}\0${hostname}`;

/** Raised to the shortest and rounded up; 0 stays: no lease. */
export function roundTtl(ttlMs: number): number {
  return ttlMs === 0 ? 0 : Math.ceil(Math.max(ttlMs, minTtlMs) / ttlResolutionMs) * ttlResolutionMs;
}

/** What is stored for an input that passed the schema. Timestamps of an earlier registration go on. */
export function toInstance(input: InstanceInput, earlier: Instance | undefined, wallNow: number): Instance {
  const status = input.status ?? 1;
  return {
    env: input.env,
    appid: input.appid,
    hostname: input.hostname,
    addrs: [...input.addrs],
    version: input.version ?? '',
    region: input.region ?? '',
    zone: input.zone ?? '',
    status,
    // Spread copies `__proto__` as a key like any other.
    metadata: { ...input.metadata },
    serviceMetadata: { ...input.serviceMetadata },
    endpoints: input.endpoints ?? [],
    ttlMs: roundTtl(input.ttlMs ?? defaultTtlMs),
    renewIntervalMs: input.renewIntervalMs ?? defaultRenewIntervalMs,
    regTimestamp: earlier?.regTimestamp ?? wallNow,
    upTimestamp: earlier?.status === 1 && status === 1 ? earlier.upTimestamp : wallNow,
    renewTimestamp: wallNow,
    dirtyTimestamp: input.dirtyTimestamp ?? wallNow,
    latestTimestamp: wallNow,
  };
}

/** Whether a watcher would see no difference: everything but leases and timestamps. */
export function sameContent(a: Instance, b: Instance): boolean {
  const content = ({
    addrs,
    version,
    region,
    zone,
    status,
    metadata,
    serviceMetadata,
    endpoints,
    late,
  }: Instance): string =>
    JSON.stringify([addrs, version, region, zone, status, metadata, serviceMetadata, endpoints, late]);
  return content(a) === content(b);
}
