import { type Endpoint, limits, type Metadata, RegistryError, type Value } from '@rollcall/core';
import { usableAddress } from '@rollcall/protocol';
import { defaultRenewIntervalMs, defaultTtlMs, maxDirtyAheadMs } from '../server-options.ts';
import { type Content, writeContent } from './content.ts';
import type { InstanceRef } from './instance-ref.ts';
import { type LeaseTerms, roundTerms } from './lease-terms.ts';

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
  /**
   * When the client last changed the instance, by the client's clock. The server keeps a stored instance that is newer.
   */
  readonly dirtyAt?: number | undefined;
  /** False: the register leaves an id to the other client that holds it. */
  readonly takeOver?: boolean | undefined;
}

/** A registration that can be stored: complete, with known fields only, and not too large. */
export interface Admission extends InstanceRef, LeaseTerms {
  /** The JSON of a {@link Content}. */
  readonly content: string;
  /** The size of the content as JSON. */
  readonly bytes: number;
  /** The version, which the content has as well. */
  readonly version: string;
  /** Whether a reader can make a node of it. */
  readonly isUsable: boolean;
  readonly dirtyAt: number | undefined;
  /** Undefined: the status of the listed instance; without one, `up`. */
  readonly status: 'up' | 'out' | undefined;
}

/**
 * Writes a registration as JSON and measures it, before the roll changes.
 *
 * @throws RegistryError `RESOURCE_EXHAUSTED` naming size and limit; `INVALID_ARGUMENT` for values nested too deep.
 */
export function admit(given: Registration, wallNow: number): Admission {
  const { env, service, id, addresses, version = '', status, dirtyAt } = given;
  const { ttlMs = defaultTtlMs, renewIntervalMs = defaultRenewIntervalMs } = given;
  const terms = roundTerms({ ttlMs, renewIntervalMs });
  const written = writeWithin(given, {
    addresses,
    version,
    region: given.region ?? '',
    zone: given.zone ?? '',
    metadata: given.metadata ?? {},
    serviceMetadata: given.serviceMetadata ?? {},
    endpoints: given.endpoints?.map(copyEndpoint) ?? [],
  });
  return {
    env,
    service,
    id,
    version,
    status,
    content: written.content,
    bytes: written.bytes,
    isUsable: limits.isReadableName(service) && limits.isReadableName(id) && usableAddress(addresses) !== undefined,
    ttlMs: terms.ttlMs,
    renewIntervalMs: terms.renewIntervalMs,
    // A client clock that runs far ahead must not lock the id until that time.
    dirtyAt: dirtyAt === undefined ? undefined : Math.min(dirtyAt, wallNow + maxDirtyAheadMs),
  };
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
 * Writes a content as JSON; refuses a node that is larger than adapters allow.
 *
 * @throws RegistryError `RESOURCE_EXHAUSTED` naming size and limit.
 */
export function writeWithin(ref: InstanceRef, content: Content): Pick<Admission, 'content' | 'bytes'> {
  const text = writeContent(content);
  const bytes = Buffer.byteLength(text);
  // Service name and id are far shorter than the other half of the limit.
  if (bytes > limits.maxNodeBytes / 2) checkSize(ref, content);
  return { content: text, bytes };
}

/** Measures a node in the same form as every adapter, so that the server accepts each node that an adapter accepts. */
function checkSize({ service, id }: InstanceRef, content: Content): void {
  const { addresses, version, metadata, serviceMetadata, endpoints } = content;
  const node = { id, address: addresses.join(), metadata };
  const text = JSON.stringify({ name: service, version, metadata: serviceMetadata, endpoints, node });
  const bytes = Buffer.byteLength(text);
  if (bytes <= limits.maxNodeBytes) return;
  const message = `node ${id} of ${service} is ${bytes} bytes with its metadata and endpoints; a discovery server takes at most ${limits.maxNodeBytes}: shorten metadata or endpoints`;
  throw new RegistryError('RESOURCE_EXHAUSTED', message, { registry: 'server' });
}
