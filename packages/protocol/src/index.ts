/**
 * The wire types of the discovery server's own front door, `/api/*`, which adapter and server share.
 *
 * Every answer is `Envelope<T>` with a true HTTP status: 200 with `data`; 400 bad input (`message` names the field);
 * 404 unknown path; 413 too large; 500 a defect. Every envelope carries the server's `epoch` (another one after each
 * start that lost the table) and `revision` (goes up by one per change), and `warming: true` while the server warms.
 *
 * | request | body or query | `data` |
 * |---|---|---|
 * | POST /api/register | {@link RegisterRequest} | {@link RegisterAnswer} |
 * | PUT /api/leases | {@link RenewLeasesRequest} | {@link RenewLeasesAnswer} |
 * | PUT /api/leases/:handle | nothing | `null`; 404 `LEASE_UNKNOWN`, 409 `LEASE_TAKEN` |
 * | POST /api/renew | {@link KeysRequest} | {@link RenewAnswer} |
 * | POST /api/cancel | {@link CancelRequest} | {@link CancelAnswer} |
 * | GET /api/fetch | `env`, `appid` | {@link InstancesAnswer} |
 * | GET /api/fetch/all | `env` | {@link InstancesAnswer} |
 * | GET /api/services | `env` | {@link ServicesAnswer}: of instances with status 1 |
 * | GET /api/watch | `env`, `appid` (absent: all); header `Last-Event-ID` resumes | server-sent events, see {@link WatchEventName} |
 * | GET /api/status | `env` (absent: all) | {@link StatusAnswer} |
 * | POST /api/protection/end | {@link EnvRequest} | {@link ProtectionEndAnswer} |
 */

/** A name with its type, as in `Endpoint` of the core contract. */
export interface WireValue {
  readonly name: string;
  readonly type: string;
  readonly values?: readonly WireValue[];
}

/** A callable of a service. */
export interface WireEndpoint {
  readonly name: string;
  readonly request?: WireValue;
  readonly response?: WireValue;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** 1: up. 2: out, that is registered and absent from `getService`. */
export type InstanceStatus = 1 | 2;

/** What a register call says of an instance. Identified by (env, appid, hostname). */
export interface InstanceInput {
  readonly env: string;
  /** The service name. */
  readonly appid: string;
  /** The node id. */
  readonly hostname: string;
  /** `host:port`, the first is the one to call. */
  readonly addrs: readonly string[];
  readonly version?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly status?: InstanceStatus;
  /** Of the node. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Of the service. */
  readonly serviceMetadata?: Readonly<Record<string, string>>;
  readonly endpoints?: readonly WireEndpoint[];
  /** Milliseconds; 0: no lease; absent: 90,000. Rounded up to 100. */
  readonly ttlMs?: number;
  /** Milliseconds; absent: 30,000. What "late" is measured by. */
  readonly renewIntervalMs?: number;
  /** Milliseconds since the epoch by the client; an older one than the stored keeps what is stored. */
  readonly dirtyTimestamp?: number;
}

/** An instance as the server keeps it. Timestamps are milliseconds since the epoch by the server's clock. */
export interface Instance {
  readonly env: string;
  readonly appid: string;
  readonly hostname: string;
  readonly addrs: readonly string[];
  readonly version: string;
  readonly region: string;
  readonly zone: string;
  readonly status: InstanceStatus;
  readonly metadata: Readonly<Record<string, string>>;
  readonly serviceMetadata: Readonly<Record<string, string>>;
  readonly endpoints: readonly WireEndpoint[];
  readonly ttlMs: number;
  readonly renewIntervalMs: number;
  readonly regTimestamp: number;
  readonly upTimestamp: number;
  readonly renewTimestamp: number;
  readonly dirtyTimestamp: number;
  readonly latestTimestamp: number;
  /** No renewal for 1.25 of its own intervals. */
  readonly late?: true;
}

/** Which instance. */
export interface InstanceKey {
  readonly env: string;
  readonly appid: string;
  readonly hostname: string;
}

/** What every answer is wrapped in. */
export interface Envelope<T> {
  /** 0: done; else the HTTP status. */
  readonly code: number;
  readonly message: string;
  readonly data: T;
  readonly epoch: string;
  readonly revision: number;
  readonly warming?: true;
}

/** Body of `POST /api/register`. */
export interface RegisterRequest {
  readonly instances: readonly InstanceInput[];
}

/** One handle per instance, in order: what renewals and withdrawals name. Safe integers. */
export interface RegisterAnswer {
  readonly handles: readonly number[];
}

/** Body of `PUT /api/leases`: handles; with a lease of its own in place of what was registered: `[handle, ttlMs, renewIntervalMs]`. */
export type RenewLeasesRequest = readonly (number | readonly [number, number, number])[];

/** 200 renewed; 404 not on the roll: register again; 409 in another's hands. */
export type RenewStatus = 200 | 404 | 409;

/** One status per handle, in order. */
export interface RenewLeasesAnswer {
  readonly statuses: readonly RenewStatus[];
}

/** Body of `POST /api/renew`. */
export interface KeysRequest {
  readonly keys: readonly InstanceKey[];
}

/** One status per key, in order. */
export interface RenewAnswer {
  readonly statuses: readonly RenewStatus[];
}

/** Body of `POST /api/cancel`: by key whoever registered it, by handle only while that handle holds it. */
export type CancelRequest = { readonly keys: readonly InstanceKey[] } | { readonly handles: readonly number[] };

/** How many were on the roll. Unknown ones are no error. */
export interface CancelAnswer {
  readonly cancelled: number;
}

/** Instances, both up and out. */
export interface InstancesAnswer {
  readonly instances: readonly Instance[];
}

/** Service names with their versions. */
export interface ServicesAnswer {
  readonly services: readonly { readonly appid: string; readonly versions: readonly string[] }[];
}

/**
 * Events of `GET /api/watch`; `id` is `<epoch>:<revision>`. `snapshot` ({@link SnapshotEvent}) is the whole list, `put` (an
 * {@link Instance}) one that is new or changed (also: late or no longer), `remove` ({@link RemoveEvent}) one that is gone,
 * `current` (data: {@link CurrentEvent}) says that a resumed watch has caught up, `warmed` that warming is over. A comment comes at least every 2 s.
 */
export type WatchEventName = 'snapshot' | 'put' | 'remove' | 'current' | 'warmed';

/** Data of `snapshot`. */
export interface SnapshotEvent {
  readonly instances: readonly Instance[];
  readonly warming?: true;
}

/** Data of `current`. */
export interface CurrentEvent {
  readonly warming?: true;
}

/** Data of `remove`. */
export interface RemoveEvent extends InstanceKey {
  readonly reason: 'deregistered' | 'expired';
}

/** Body of `POST /api/protection/end`. */
export interface EnvRequest {
  readonly env: string;
}

/** How many expired instances were struck off. */
export interface ProtectionEndAnswer {
  readonly evicted: number;
}

/** Self-protection of one environment, explained. */
export interface ProtectionStatus {
  readonly env: string;
  readonly instances: number;
  readonly late: number;
  /** Expired and still listed because of self-protection. */
  readonly held: number;
  /** As in the rule: silent or struck off in the last five minutes with no newcomer in their place. */
  readonly missing: number;
  /** What `missing` is compared with: N of the rule. */
  readonly considered: number;
  /** Protected while `missing` is above it. */
  readonly threshold: number;
  /** `protected` holds or an expired instance is held. */
  readonly on: boolean;
  /** One sentence for an operator. */
  readonly explanation: string;
  readonly renewsLastMinute: number;
  /** By each instance's own interval. */
  readonly renewsExpected: number;
}

/** Data of `GET /api/status`. */
export interface StatusAnswer {
  readonly protection: 'on' | 'off';
  readonly warming: boolean;
  readonly uptimeMs: number;
  readonly environments: readonly ProtectionStatus[];
}

/** How often a watch says something when nothing happens. Milliseconds. */
export const heartbeatMs = 2_000;
