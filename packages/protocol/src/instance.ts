/** A name with its type, as in `Endpoint` of the core contract. */
export interface WireValue {
  /** Name of the field or parameter. */
  readonly name: string;
  /** The type of the value, as the service calls it. */
  readonly type: string;
  /** The fields inside the value. */
  readonly values?: readonly WireValue[];
}

/** A callable of a service. */
export interface WireEndpoint {
  /** Name of the endpoint, such as `Greeter.Hello`. */
  readonly name: string;
  /** Shape of the request. */
  readonly request?: WireValue;
  /** Shape of the response. */
  readonly response?: WireValue;
  /** Pairs of the endpoint. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** 1: up. 2: out of service: registered, but left out by `getService`. */
export type InstanceStatus = 1 | 2;

/** An instance as a register call describes it. Identified by (env, appid, hostname). */
export interface InstanceInput {
  /** The environment, a roll of its own. Adapters call it namespace. */
  readonly env: string;
  /** The service name. */
  readonly appid: string;
  /** The node id. */
  readonly hostname: string;
  /** `host:port`; clients call the first. */
  readonly addrs: readonly string[];
  /** Version of the service; absent: `''`. */
  readonly version?: string;
  /** For clients that choose by region; the server only stores it. */
  readonly region?: string;
  /** For clients that choose by zone; the server only stores it. */
  readonly zone?: string;
  /** Absent: 1, up. */
  readonly status?: InstanceStatus;
  /** Metadata of the node. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Metadata of the service. */
  readonly serviceMetadata?: Readonly<Record<string, string>>;
  /** Endpoints of the service. */
  readonly endpoints?: readonly WireEndpoint[];
  /** Milliseconds; 0: no lease; absent: 90,000. Rounded up to 100. */
  readonly ttlMs?: number;
  /** Milliseconds; absent: 30,000. An instance is late after 1.25 intervals without a renewal. */
  readonly renewIntervalMs?: number;
  /**
   * The client's time of its last change, in milliseconds since the epoch. The server keeps a stored instance that is
   * newer.
   */
  readonly dirtyTimestamp?: number;
  /**
   * False: the call leaves an id to its holder while the holder's lease runs; then nothing is written, and the answer
   * is 409. Default true.
   */
  readonly takeOver?: boolean;
}

/** An instance as the server keeps it. Timestamps are milliseconds since the epoch by the server's clock. */
export interface Instance {
  /** The environment. */
  readonly env: string;
  /** The service name. */
  readonly appid: string;
  /** The node id. */
  readonly hostname: string;
  /** `host:port`; clients call the first. */
  readonly addrs: readonly string[];
  /** Version of the service, `''` when none was given. */
  readonly version: string;
  /** The region, as registered. */
  readonly region: string;
  /** The zone, as registered. */
  readonly zone: string;
  /** 1: up. 2: out of service: registered, but not to be called. */
  readonly status: InstanceStatus;
  /** Metadata of the node. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Metadata of the service. */
  readonly serviceMetadata: Readonly<Record<string, string>>;
  /** Endpoints of the service. */
  readonly endpoints: readonly WireEndpoint[];
  /** The TTL that the server keeps, rounded up to 100 ms; 0: no lease. */
  readonly ttlMs: number;
  /** The renew interval that the server keeps. An instance is late after 1.25 intervals without a renewal. */
  readonly renewIntervalMs: number;
  /** First registration of this id; a later one does not change it. */
  readonly regTimestamp: number;
  /** Last change of the status to up. */
  readonly upTimestamp: number;
  /** Last renewal. In lists it may be a second old. */
  readonly renewTimestamp: number;
  /** The client's own time of its last change; of two registrations the newer one is kept. */
  readonly dirtyTimestamp: number;
  /** Last change of what is stored. */
  readonly latestTimestamp: number;
  /** Whether the instance has not renewed for 1.25 of its own intervals. */
  readonly late?: true;
}

/** Names an instance. */
export interface InstanceKey {
  /** The environment. */
  readonly env: string;
  /** The service name. */
  readonly appid: string;
  /** The node id. */
  readonly hostname: string;
}
