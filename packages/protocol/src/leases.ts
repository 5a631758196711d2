import type { InstanceInput, InstanceKey, InstanceStatus } from './instance.ts';

/** Body of `POST /api/register`. */
export interface RegisterRequest {
  /** Stored as a whole or not at all. */
  readonly instances: readonly InstanceInput[];
}

/** One handle per instance, in order: what renewals and withdrawals name. Safe integers. */
export interface RegisterAnswer {
  /** In the order of the instances. */
  readonly handles: readonly number[];
  /** Of a server with lease secrets: one per handle, which every renewal and withdrawal by that handle must bring along. */
  readonly secrets?: readonly string[];
}

/**
 * Body of `PUT /api/leases`: handles; with a lease of its own in place of what was registered: `[handle, ttlMs,
 * renewIntervalMs]`. With lease secrets: `[handle, secret]`, `[handle, ttlMs, renewIntervalMs, secret]`.
 */
export type RenewLeasesRequest = readonly (
  | number
  | readonly [handle: number, secret: string]
  | readonly [handle: number, ttlMs: number, renewIntervalMs: number, secret?: string]
)[];

/** 200 renewed; 404 not on the roll: register again; 409 another client holds it. */
export type RenewStatus = 200 | 404 | 409;

/** One status per handle, in order. */
export interface RenewLeasesAnswer {
  /** In the order of the handles. */
  readonly statuses: readonly RenewStatus[];
}

/** Body of `POST /api/renew`. */
export interface KeysRequest {
  /** The instances to renew. */
  readonly keys: readonly InstanceKey[];
}

/** One status per key, in order. */
export interface RenewAnswer {
  /** In the order of the keys. */
  readonly statuses: readonly RenewStatus[];
}

/** Which instance leaves, whichever client registered it. */
export interface CancelKey extends InstanceKey {
  /** The caller's, if it has one: the change log tells whether the holder itself deregistered. */
  readonly handle?: number;
}

/**
 * Body of `POST /api/cancel`: by key whichever client registered it, by handle only while that handle holds it. A server with
 * lease secrets takes keys from the token of an admin alone, and handles with their secrets.
 */
export type CancelRequest =
  | { readonly keys: readonly CancelKey[] }
  | { readonly handles: readonly number[]; readonly secrets?: readonly string[] };

/** What a set call changes of an instance that is on the roll. What is absent stays. */
export interface InstanceSetting extends InstanceKey {
  readonly status?: InstanceStatus;
  /** Of the node: merged into what is there. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Body of `POST /api/set`: all of them, or none. */
export interface SetRequest {
  readonly instances: readonly InstanceSetting[];
}

/** How many were set. 404: one is not on the roll, and nothing has changed. */
export interface SetAnswer {
  readonly set: number;
}

/** How many were on the roll. Unknown ones are no error. */
export interface CancelAnswer {
  /** How many left the roll by this call. */
  readonly cancelled: number;
}
