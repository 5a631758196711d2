import type { InstanceInput, InstanceKey, InstanceStatus } from './instance.ts';

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

/** Which instance leaves, whichever client registered it. */
export interface CancelKey extends InstanceKey {
  /** The caller's, if it has one: the change log tells whether the holder itself deregistered. */
  readonly handle?: number;
}

/** Body of `POST /api/cancel`: by key whichever client registered it, by handle only while that handle holds it. */
export type CancelRequest = { readonly keys: readonly CancelKey[] } | { readonly handles: readonly number[] };

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
  readonly cancelled: number;
}
