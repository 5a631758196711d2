import type { InstanceInput, InstanceKey, InstanceStatus } from './instance.ts';

/** Body of `POST /api/register`. */
export interface RegisterRequest {
  /** The instances, of which the server stores all or none. */
  readonly instances: readonly InstanceInput[];
}

/** One handle per instance, in order. Renewals and withdrawals use the handle. Safe integers. */
export interface RegisterAnswer {
  /** The handles, in the order of the instances. */
  readonly handles: readonly number[];
  /**
   * Only from a server with lease secrets: one secret per handle, which every renewal and withdrawal by that handle
   * must carry.
   */
  readonly secrets?: readonly string[];
}

/**
 * Body of `PUT /api/leases`: handles, or `[handle, ttlMs, renewIntervalMs]` to replace the registered lease. With lease
 * secrets: `[handle, secret]` or `[handle, ttlMs, renewIntervalMs, secret]`.
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
  /** The statuses, in the order of the handles. */
  readonly statuses: readonly RenewStatus[];
}

/** Body of `POST /api/renew`. */
export interface KeysRequest {
  /** The instances to renew. */
  readonly keys: readonly InstanceKey[];
}

/** One status per key, in order. */
export interface RenewAnswer {
  /** The statuses, in the order of the keys. */
  readonly statuses: readonly RenewStatus[];
}

/** The instance to remove, whichever client registered it. */
export interface CancelKey extends InstanceKey {
  /** The caller's handle, if it has one: with it the change log can tell that the holder itself deregistered. */
  readonly handle?: number;
}

/**
 * Body of `POST /api/cancel`. A key removes the instance whichever client registered it; a handle only while it holds
 * the instance. A server with lease secrets takes keys only from the token of an admin, and handles only with their
 * secrets.
 */
export type CancelRequest =
  | { readonly keys: readonly CancelKey[] }
  | { readonly handles: readonly number[]; readonly secrets?: readonly string[] };

/** The changes of a set call to a listed instance. Absent fields stay as they are. */
export interface InstanceSetting extends InstanceKey {
  /** 1: put the instance back into service. 2: take it out of service. */
  readonly status?: InstanceStatus;
  /** Metadata of the node, merged into the stored metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Body of `POST /api/set`. The server sets all instances or none. */
export interface SetRequest {
  /** The changes, several for one instance in order. */
  readonly instances: readonly InstanceSetting[];
}

/** How many instances were set. With 404, one of the instances is not on the roll, and nothing has changed. */
export interface SetAnswer {
  /** The number of instances that were set. */
  readonly set: number;
}

/** How many instances were on the roll. Unknown instances are ignored. */
export interface CancelAnswer {
  /** How many left the roll by this call. */
  readonly cancelled: number;
}
