import type { Endpoint, Logger, Metadata, Registry, RegistryError, ServiceNode } from '@rollcall/core';
import type { ServerLike } from './address/server-like.ts';
import type { Registries, RegistryName } from './registries/find-adapter.ts';
import type { SettingSources } from './registries/settings.ts';

/**
 * - `starting`: `start()` is under way.
 * - `registered`, `unregistered`: registered, or trying to be (after `CONFLICT`: waiting until the id is free).
 * - `draining`: `stop()` is under way.
 */
export type ServiceStatus = 'idle' | 'starting' | 'registered' | 'unregistered' | 'draining' | 'stopped';

/** Events of {@link ServiceRuntime.on} with their arguments. */
export interface ServiceEvents {
  /** The node is on the roll: the first time, and after each loss. */
  registered: [node: ServiceNode];
  /** Not registered for `sinceMs` because of `error`; without an error it was so, and `registered` follows at once. */
  unregistered: [info: { readonly sinceMs: number; readonly error?: RegistryError | undefined }];
  /** Another process holds the id. */
  conflict: [error: RegistryError];
  /** With `heartbeat: 'worker'`: the main loop was blocked for `stalledMs`; `heldByWorker`: the worker renewed meanwhile. */
  stalled: [info: { readonly stalledMs: number; readonly heldByWorker: boolean }];
  /** `stop()` is done, or `onConflict: 'stop'` ended the service. */
  stopped: [];
}

/** A service that is kept on the roll. */
export interface ServiceRuntime extends AsyncDisposable {
  /** See {@link ServiceStatus}. */
  readonly status: ServiceStatus;
  /** Undefined until it is loaded. */
  readonly registry: Registry | undefined;
  /** Undefined until its address is known. */
  readonly node: ServiceNode | undefined;
  /**
   * Waits for the server to listen, works out the address, registers and keeps registered. With the backend down it resolves and goes on trying,
   * unless `failFast`. Rejects with `INVALID_ARGUMENT` for what can never succeed. Idempotent while running.
   */
  start(): Promise<ServiceNode>;
  /** Deregisters, waits `drainMs`, closes the server. Idempotent; never rejects. */
  stop(): Promise<void>;
  /** `start()`, wait for SIGTERM or SIGINT, `stop()`; a second signal ends the process at once. */
  run(): Promise<void>;
  /** Answers how to stop listening. */
  on<K extends keyof ServiceEvents>(event: K, listener: (...args: ServiceEvents[K]) => void): () => void;
}

/** Options of {@link createService}. */
export interface ServiceOptions {
  /** Name of the service: 1-63 of `[a-z0-9._-]`. */
  readonly name: string;
  /** Version of the service; default `''`. Callers can select by range. */
  readonly version?: string | undefined;
  /** Id of the node; default `<name>-<uuid>`. Two processes with one id are a `CONFLICT`. */
  readonly id?: string | undefined;
  /** Pairs of the node; `server`, `protocol` and `registry` are added, as in go-micro. */
  readonly metadata?: Metadata | undefined;
  /** What the service offers; for people and tools. */
  readonly endpoints?: readonly Endpoint[] | undefined;
  /** Closed by `stop()`. */
  readonly server?: ServerLike | undefined;
  /** host or host:port that others should use. */
  readonly advertise?: string | undefined;
  /** Default: what flag or environment name. A registry that is passed in stays the caller's to close; a name is as with `--registry`. */
  readonly registry?: Registry | Promise<Registry> | RegistryName | undefined;
  /** What `--registry` and the environment say; default: read from this process. */
  readonly settings?: SettingSources | undefined;
  /** name -> factory or adapter, for `--registry` and for a `registry` by name. */
  readonly registries?: Registries | undefined;
  /**
   * The node expires this long after its last renewal. Milliseconds; default 30,000. Sensible values are 10 s to 2 minutes: longer keeps a
   * dead node listed, shorter takes a living one off the roll when its process or the network stalls.
   */
  readonly ttlMs?: number | undefined;
  /**
   * How often the node is renewed, less up to 10 % of jitter. Milliseconds; default 10,000, at most `ttlMs / 3`; below `ttlMs`. A third lets two
   * renewals be lost in a row; more often costs the backend one request each.
   */
  readonly renewIntervalMs?: number | undefined;
  /**
   * What renews: the main loop (`main`, default), or a worker thread that goes on while the main loop is blocked. The worker
   * needs a registry that it can make again: by name, or one of the adapters' (not memory).
   */
  readonly heartbeat?: 'main' | 'worker' | undefined;
  /**
   * A main loop that is silent for longer is dead: the worker stops renewing. Milliseconds; default 2 x `ttlMs`, at least
   * `renewIntervalMs`. Longer keeps a service registered through longer stalls, and a dead one as long.
   */
  readonly maxStallMs?: number | undefined;
  /**
   * Between deregistering and closing the server, so that callers hear of it first. Milliseconds; default 2,000, on memory 0. It should
   * exceed `propagationMs` of the backend by a second; longer only delays the end of the process.
   */
  readonly drainMs?: number | undefined;
  /**
   * Another process holds the id: `wait` (default) until it is free, or `stop`: `start()` rejects, and a later conflict
   * ends the service (`stopped`). A taken id is never fought for.
   */
  readonly onConflict?: 'wait' | 'stop' | undefined;
  /** `start()` rejects when the first registration fails. */
  readonly failFast?: boolean | undefined;
  /** Rejects while the service must not be on the roll. At most 5 s. */
  readonly registerCheck?: ((signal: AbortSignal) => Promise<void> | void) | undefined;
  /** Default: one line per change of state on stderr. */
  readonly logger?: Logger | undefined;
}
