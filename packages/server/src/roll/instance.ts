import type { Endpoint, Metadata } from '@rollcall/core';
import { defaultRenewIntervalMs, defaultTtlMs, minTtlMs, ttlResolutionMs } from '../server-options.ts';

/** Which instance. */
export interface InstanceRef {
  readonly env: string;
  /** The name of its service. */
  readonly service: string;
  /** The node id. */
  readonly id: string;
}

/** How long an instance may be silent and how often it renews. Milliseconds; `ttlMs: 0`: it has no lease. */
export interface LeaseTerms {
  readonly ttlMs: number;
  readonly renewIntervalMs: number;
}

/** What a register says. A front has checked each field against the limits of core. */
export interface Registration extends InstanceRef {
  /** `host:port`; the first is the one to call. */
  readonly addresses: readonly string[];
  readonly version?: string | undefined;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  /** `out`: on the roll, and not to be called. */
  readonly status?: 'up' | 'out' | undefined;
  readonly metadata?: Metadata | undefined;
  readonly serviceMetadata?: Metadata | undefined;
  readonly endpoints?: readonly Endpoint[] | undefined;
  readonly ttlMs?: number | undefined;
  readonly renewIntervalMs?: number | undefined;
  /** When the client last changed it, by the client's clock: an older one than the stored keeps what is stored. */
  readonly dirtyAt?: number | undefined;
}

/** An instance on the roll. Replaced at each change, never altered, except for `renewedAt`. Times are wall-clock milliseconds. */
export interface Instance extends Required<{ [K in keyof Registration]: NonNullable<Registration[K]> }> {
  readonly registeredAt: number;
  /** Since when its status is `up`; while it is `out`: when it was last registered. */
  readonly upAt: number;
  /** Moves with every renewal, without a change of the roll. */
  renewedAt: number;
  readonly changedAt: number;
  /** No renewal for 1.25 of its own intervals. */
  readonly late: boolean;
}

/** One string for a key. NUL occurs in none of the three. */
export const keyOf = ({ env, service, id }: InstanceRef): string => `${env}\0${service}\0${id}`;

/** Only what names the instance. */
export const refOf = ({ env, service, id }: InstanceRef): InstanceRef => ({ env, service, id });

/** Raised to the shortest and rounded up; 0 stays: no lease. */
export function roundTtl(ttlMs: number): number {
  return ttlMs === 0 ? 0 : Math.ceil(Math.max(ttlMs, minTtlMs) / ttlResolutionMs) * ttlResolutionMs;
}

/** What is stored for a registration. Times of an earlier one go on. */
export function newInstance(given: Registration, earlier: Instance | undefined, wallNow: number): Instance {
  const status = given.status ?? 'up';
  return {
    env: given.env,
    service: given.service,
    id: given.id,
    addresses: [...given.addresses],
    version: given.version ?? '',
    region: given.region ?? '',
    zone: given.zone ?? '',
    status,
    // Spread copies `__proto__` as a key like any other.
    metadata: { ...given.metadata },
    serviceMetadata: { ...given.serviceMetadata },
    endpoints: given.endpoints ?? [],
    ttlMs: roundTtl(given.ttlMs ?? defaultTtlMs),
    renewIntervalMs: given.renewIntervalMs ?? defaultRenewIntervalMs,
    registeredAt: earlier?.registeredAt ?? wallNow,
    upAt: earlier?.status === 'up' && status === 'up' ? earlier.upAt : wallNow,
    renewedAt: wallNow,
    dirtyAt: given.dirtyAt ?? wallNow,
    changedAt: wallNow,
    late: earlier?.late ?? false,
  };
}

/** Whether a watcher would see no difference: everything but leases and times. */
export function sameContent(a: Instance, b: Instance): boolean {
  return contentOf(a) === contentOf(b);
}

function contentOf(instance: Instance): string {
  const { addresses, version, region, zone, status, metadata, serviceMetadata, endpoints, late } = instance;
  return JSON.stringify([addresses, version, region, zone, status, metadata, serviceMetadata, endpoints, late]);
}
