import { type Endpoint, limits, type Metadata, RegistryError, type Value } from '@rollcall/core';
import { defaultRenewIntervalMs, defaultTtlMs, maxDirtyAheadMs } from '../server-options.ts';
import type { InstanceRef } from './instance-ref.ts';
import { roundTerms } from './lease-terms.ts';

/** The content of a register call. A front has checked each field against the limits of core. */
export interface Registration extends InstanceRef {
  /** `host:port`; clients call the first. */
  readonly addresses: readonly string[];
  readonly version?: string | undefined;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  /** `out`: listed, but not to be called. Absent: the status that a set call gave a listed instance stays; without one, `up`. */
  readonly status?: 'up' | 'out' | undefined;
  readonly metadata?: Metadata | undefined;
  readonly serviceMetadata?: Metadata | undefined;
  readonly endpoints?: readonly Endpoint[] | undefined;
  /** Milliseconds; 0: no lease. */
  readonly ttlMs?: number | undefined;
  readonly renewIntervalMs?: number | undefined;
  /** When the client last changed it, by the client's clock. The server keeps a stored instance that is newer. */
  readonly dirtyAt?: number | undefined;
  /** False: an id that another client holds is left to it. */
  readonly takeOver?: boolean | undefined;
}

/** A registration that can be stored: complete, copied, with known fields only, and not too large. */
export interface Admission
  extends Required<{
    [K in Exclude<keyof Registration, 'dirtyAt' | 'takeOver' | 'status'>]: NonNullable<Registration[K]>;
  }> {
  readonly dirtyAt: number | undefined;
  /** Undefined: the status of the listed instance; without one, `up`. */
  readonly status: 'up' | 'out' | undefined;
  /** Size of an instance: bytes of its JSON. */
  readonly bytes: number;
}

/**
 * Copies and measures a registration before anything changes.
 *
 * @throws RegistryError `RESOURCE_EXHAUSTED` naming size and limit; `INVALID_ARGUMENT` for values nested too deep.
 */
export function admit(given: Registration, wallNow: number): Admission {
  const { ttlMs = defaultTtlMs, renewIntervalMs = defaultRenewIntervalMs, dirtyAt } = given;
  const content = {
    env: given.env,
    service: given.service,
    id: given.id,
    addresses: [...given.addresses],
    version: given.version ?? '',
    region: given.region ?? '',
    zone: given.zone ?? '',
    status: given.status,
    // Spread copies `__proto__` as a key like any other.
    metadata: copyMetadata(given.metadata),
    serviceMetadata: copyMetadata(given.serviceMetadata),
    endpoints:
      given.endpoints === undefined || given.endpoints.length === 0 ? noEndpoints : given.endpoints.map(copyEndpoint),
    ...roundTerms({ ttlMs, renewIntervalMs }),
    // A client clock that runs far ahead must not lock the id until that time.
    dirtyAt: dirtyAt === undefined ? undefined : Math.min(dirtyAt, wallNow + maxDirtyAheadMs),
  };
  return { ...content, bytes: measured(content) };
}

/** Most instances have none. A separate empty object for each would take 56 bytes. */
const noMetadata: Metadata = Object.freeze({});
const noEndpoints: readonly Endpoint[] = Object.freeze([]);

function copyMetadata(given: Metadata | undefined): Metadata {
  const copy = { ...given };
  return Object.keys(copy).length === 0 ? noMetadata : copy;
}

function copyEndpoint({ name, request, response, metadata }: Endpoint): Endpoint {
  return {
    name,
    ...(request === undefined ? {} : { request: copyValue(request, 1) }),
    ...(response === undefined ? {} : { response: copyValue(response, 1) }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
  };
}

function copyValue({ name, type, values }: Value, depth: number): Value {
  if (depth > limits.maxValueDepth)
    throw new RegistryError('INVALID_ARGUMENT', `endpoints: values nest at most ${limits.maxValueDepth} deep`);
  return { name, type, ...(values === undefined ? {} : { values: values.map((item) => copyValue(item, depth + 1)) }) };
}

/**
 * Measures a node in the shape in which every adapter measures it, so that a node that fits there fits here.
 *
 * @throws RegistryError `RESOURCE_EXHAUSTED` naming size and limit.
 */
export function measured({
  service,
  version,
  serviceMetadata,
  endpoints,
  id,
  addresses,
  metadata,
}: Omit<Admission, 'bytes' | 'status' | 'dirtyAt'>): number {
  const node = { id, address: addresses.join(), metadata };
  const text = JSON.stringify({ name: service, version, metadata: serviceMetadata, endpoints, node });
  const bytes = Buffer.byteLength(text);
  if (bytes <= limits.maxNodeBytes) return bytes;
  const message = `node ${id} of ${service} is ${bytes} bytes with its metadata and endpoints; a discovery server takes at most ${limits.maxNodeBytes}: shorten metadata or endpoints`;
  throw new RegistryError('RESOURCE_EXHAUSTED', message, { registry: 'server' });
}
