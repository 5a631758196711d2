/**
 * The contract: every shape and every promise of a registry, and nothing else.
 *
 * It is written for users of a registry; `adapter/driver.ts` is the chapter for authors of an adapter. A rule stated
 * here holds on every backend; `@rollcall/conformance` is the same text as running cases.
 */
import type { RegistryError } from './errors.ts';

// ---- Model. What is read is deeply readonly and frozen: one object may be shared by cache, watchers and callers. ----

/** String pairs. At most 64, key 1-128 of `[A-Za-z0-9._/-]`, value at most 1024 bytes of well-formed Unicode. */
export type Metadata = Readonly<Record<string, string>>;

/** One instance of a service, identified by (service name, id), case-sensitive. */
export interface ServiceNode {
  /** 1-255 of `[A-Za-z0-9._:-]`, starting with a letter or digit. */
  readonly id: string;
  /** `host:port`, IPv6 in brackets; port 1-65535. */
  readonly address: string;
  /** Empty, never absent, on what is read. */
  readonly metadata: Metadata;
  /**
   * Only on what is read, and only from the discovery server: no renewal for 1.25 of its own intervals, protected or
   * not. Never stored; a flip is an `update`.
   */
  readonly late?: true;
}

/** The shape of a request or response, as in go-micro; depth at most 8. */
export interface Value {
  readonly name: string;
  readonly type: string;
  readonly values?: readonly Value[] | undefined;
}

/** A callable of a service. At most 256 to a service; their order is kept. */
export interface Endpoint {
  /** Such as `Greeter.Hello`; 1-255 characters. */
  readonly name: string;
  readonly request?: Value | undefined;
  readonly response?: Value | undefined;
  readonly metadata?: Metadata | undefined;
}

/** One version of a service with its nodes, sorted by id. `metadata` and `endpoints` are those of the smallest id. */
export interface Service {
  /** 1-63 of `[a-z0-9._-]`, starting with a letter or digit; lower case since DNS and Consul ignore case. */
  readonly name: string;
  /** 0-64 printable ASCII; `''` when none was given. */
  readonly version: string;
  readonly metadata: Metadata;
  readonly endpoints: readonly Endpoint[];
  /** At least one. */
  readonly nodes: readonly ServiceNode[];
}

/** A service that has at least one live node, with its versions in order. */
export interface ServiceSummary {
  readonly name: string;
  readonly versions: readonly string[];
}

/** A record of another writer that cannot be read as a node. */
export interface SkippedEntry {
  /** The record in the backend's own terms: a key, a service id. */
  readonly key: string;
  /** Why the record cannot be read as a node, as a text for people. */
  readonly reason: string;
}

/** What a registry object has skipped so far. */
export interface SkippedSummary {
  readonly count: number;
  /** The first ten. */
  readonly examples: readonly SkippedEntry[];
}

// ---- What is written: only the necessary. A `Service` that was read fits as well. ----

/** A node as it is registered. */
export interface NodeInput {
  readonly id: string;
  readonly address: string;
  readonly metadata?: Metadata | undefined;
}

/** A service as it is registered: one record per node, each with this version, metadata and these endpoints. */
export interface ServiceInput {
  readonly name: string;
  readonly version?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly endpoints?: readonly Endpoint[] | undefined;
  readonly nodes: readonly NodeInput[];
}

/** Which nodes of which service. A service that was registered or read fits. */
export interface ServiceRef {
  readonly name: string;
  readonly nodes: readonly { readonly id: string }[];
}

// ---- Calls ----

/** What every call takes. */
export interface CallOptions {
  /** Ends the call with `ABORTED`; a timeout signal (`AbortSignal.timeout`) with `TIMEOUT`. */
  readonly signal?: AbortSignal | undefined;
  /** Deadline of this call in milliseconds; default {@link RegistryOptions.timeoutMs}. Up to ten years. */
  readonly timeoutMs?: number | undefined;
}

/** Options of {@link Registry.register}. */
export interface RegisterOptions extends CallOptions {
  /**
   * Without a renewal for this long, in milliseconds, the node expires. Raised to `minTtlMs` and rounded up to
   * `ttlResolutionMs`. Absent: the node stays until it is deregistered or withdrawn. Sensible values are 10 s to 2
   * minutes; longer keeps dead nodes listed, shorter loses living nodes in short stalls.
   */
  readonly ttlMs?: number | undefined;
  /**
   * How often the caller means to renew, in milliseconds; default `ttlMs / 3`, so that two renewals may be lost. A node
   * is late after 1.25 intervals without a renewal. Sensible values are a quarter to a half of the TTL; shorter costs
   * calls, longer loses the node after one lost renewal.
   */
  readonly renewIntervalMs?: number | undefined;
}

/** Options of {@link Registry.watch}. */
export interface WatchOptions {
  /** Only this service; absent: all. */
  readonly name?: string | undefined;
  /** Ends the watcher, without an error. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Registry.close}. */
export interface CloseOptions {
  /** Whether close removes the nodes that this object registered and still holds; default true. */
  readonly withdraw?: boolean | undefined;
}

/** Why a node left. `deregistered`: a caller or its owner removed it. `expired`: it was silent for its TTL. `unknown`: it left during an outage. */
export type DeleteReason = 'deregistered' | 'expired' | 'unknown';

/** One event of a watch. `create`, `update` and `delete` carry exactly one node, with its own metadata and endpoints. */
export type WatchEvent =
  | { readonly type: 'create' | 'update'; readonly service: Service }
  | { readonly type: 'delete'; readonly service: Service; readonly reason: DeleteReason }
  /** Everything told so far is the whole truth of one moment. */
  | { readonly type: 'synced' }
  /** The backend is lost; what was told may be stale until the next `synced`. */
  | { readonly type: 'interrupted'; readonly error: RegistryError };

/**
 * The roll as it changes. Starts at the first `next()`; one consumer. It ends, without an error, by `return()` (so by
 * `break`), its signal, or the registry's `close()`. While a `next()` is pending it keeps the process alive.
 */
export interface Watcher extends AsyncIterableIterator<WatchEvent, undefined, undefined>, AsyncDisposable {
  /** Ends the watch, also while a `next()` is pending. */
  return(): Promise<IteratorResult<WatchEvent, undefined>>;
}

/** How another thread builds the same registry: a module that exports an adapter, and options that can be cloned. */
export interface RegistryRecipe {
  /** URL of the adapter's module. */
  readonly module: string;
  /** The options of the registry, without logger and clock. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a backend can do, as data: the conformance suite tests a coarse backend by its own figures instead of skipping cases. */
export interface Capabilities {
  /** A shorter TTL is raised to this, and logged. Milliseconds. */
  readonly minTtlMs: number;
  /** TTLs are rounded up to a multiple of this. Milliseconds. */
  readonly ttlResolutionMs: number;
  /** While the backend is up, a silent node is gone within `ttlMs` plus this. Milliseconds. */
  readonly expirySlackMs: number;
  /** Other objects see an acknowledged write within this. Milliseconds. */
  readonly propagationMs: number;
  /** Largest node with its endpoints, encoded, in bytes. A larger node is `RESOURCE_EXHAUSTED`. */
  readonly maxNodeBytes: number;
  /** Whose nodes `deregister` removes. For other nodes it is `NOT_SUPPORTED`. */
  readonly removesOthers: 'any' | 'same-agent' | 'own';
  /** Whether the first register of an id takes it over from another live holder. If not, it is `CONFLICT`. */
  readonly takesOver: boolean;
  /** The backend keeps what was acknowledged across its own restart. */
  readonly durable: boolean;
  /** Whether `namespace` separates rolls. False: the option is `NOT_SUPPORTED`. */
  readonly namespaces: boolean;
  /** Whether other processes of this machine see what is registered. */
  readonly crossProcess: boolean;
  /** Whether other machines see what is registered. */
  readonly crossHost: boolean;
}

/**
 * A service registry. Every call has a deadline (`TIMEOUT`) and takes a signal (`ABORTED`); bad arguments are
 * `INVALID_ARGUMENT` before any I/O; after `close()` every call is `CLOSED`. Constructors do no I/O.
 */
export interface Registry extends AsyncDisposable {
  /** Name of the backend: `memory`, `mdns`, `consul`, `etcd`, `discovery`, ... */
  readonly name: string;
  /** `host:port` of the backend, as configured, where it has one. The advertised address is worked out from it. */
  readonly endpoints?: readonly string[] | undefined;
  /** Records of other writers that could not be read as a node, and are in no answer. Present only for backends that other programs write to. */
  readonly skipped?: SkippedSummary | undefined;
  /** How a worker thread builds the same registry again. Absent: a worker cannot. */
  readonly recipe?: RegistryRecipe | undefined;
  /** What the backend can do. What depends on the server is false until `init` or the first call has heard from it. */
  readonly capabilities: Capabilities;
  /**
   * Connects and authenticates now, so that a wrong address or token fails here. Optional: the first call does it.
   * Idempotent. Errors: `UNAVAILABLE`, `UNAUTHORIZED`, `TIMEOUT`, `NOT_SUPPORTED`.
   */
  init(options?: CallOptions): Promise<void>;
  /**
   * Writes every node of the call: an idempotent upsert. Resolves when the backend has acknowledged and a read shows
   * it. Same content again is a renewal: it extends the TTL and makes no event; changed content is one `update` per
   * node; an entry that the backend has lost is written again. Calls of one object on one node take effect in call
   * order. After `TIMEOUT`, `ABORTED` or `UNAVAILABLE` the outcome is unknown and repeating is safe.
   *
   * The first register of an id from this object takes it over (`takesOver`); a later one, with the same content or other, that
   * finds the entry in another's hands writes nothing and is `CONFLICT`. A node above `maxNodeBytes`: `RESOURCE_EXHAUSTED`.
   */
  register(service: ServiceInput, options?: RegisterOptions): Promise<void>;
  /**
   * Removes nodes by id, also those of other objects within `removesOthers`; outside it `NOT_SUPPORTED`. Unknown ids
   * are ignored. An owner that still renews writes itself again.
   */
  deregister(service: ServiceRef, options?: CallOptions): Promise<void>;
  /** The live nodes of a service, by version; `[]` for an unknown name. An outage is `UNAVAILABLE`, never `[]`. */
  getService(name: string, options?: CallOptions): Promise<readonly Service[]>;
  /** Every service with a live node, sorted by name. An outage is `UNAVAILABLE`, never `[]`. */
  listServices(options?: CallOptions): Promise<readonly ServiceSummary[]>;
  /**
   * First the current state as `create`, then `synced`, then changes. Convergent, not a log: no final state is missed,
   * intermediate ones may be. A lost backend does not end it: `interrupted`, then the difference, then `synced`. A
   * slow consumer costs at most one pending event per node. Throws at once on a bad argument or a closed registry.
   */
  watch(options?: WatchOptions): Watcher;
  /**
   * Ends watchers and calls, withdraws what this object registered and still holds, frees every socket and timer.
   * Idempotent, bounded by `closeTimeoutMs`, never rejects.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** Four methods of any structured logger; pino fits. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Time, injected. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean something. */
  now(): number;
  /** Milliseconds since the epoch. */
  wallNow(): number;
  /** Calls back once after `delayMs`; returns how to cancel it. Never keeps the process alive. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

/** Options that every registry takes. */
export interface RegistryOptions {
  /** Separates rolls on one backend; `NOT_SUPPORTED` where the backend cannot. */
  readonly namespace?: string | undefined;
  /** Deadline of a call, in milliseconds; default 5,000. Sensible values are 1 s to 30 s; shorter fails while a cluster elects a leader, longer holds callers. */
  readonly timeoutMs?: number | undefined;
  /** Longest time that `close()` takes, in milliseconds; default 3,000. Sensible values are 1 s to 10 s; shorter leaves nodes to their TTL when the backend is slow, longer may exceed the grace period of your orchestrator. */
  readonly closeTimeoutMs?: number | undefined;
  /** Where the registry logs; default: nowhere. */
  readonly logger?: Logger | undefined;
  /** The source of time; default: the system's clock. */
  readonly clock?: Clock | undefined;
}
