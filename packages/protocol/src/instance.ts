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
  /** False: an id that is held under a lease that runs is left to its holder; nothing of the call is written, and it is 409. Default true. */
  readonly takeOver?: boolean;
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
