import type { Endpoint, Logger, Metadata, Registry, RegistryError, ServiceNode } from '@rollcall/core';
import type { ServerLike } from './address/server-like.ts';
import type { Registries, RegistryName } from './registries/find-adapter.ts';
import type { SettingSources } from './registries/settings.ts';

/**
 * - `starting`: `start()` is under way.
 * - `registered`: the node is on the roll.
 * - `unregistered`: the service tries to register; after `CONFLICT` it waits until the id is free.
 * - `draining`: `stop()` is under way.
 */
export type ServiceStatus = 'idle' | 'starting' | 'registered' | 'unregistered' | 'draining' | 'stopped';

/** Events of {@link ServiceRuntime.on} with their arguments. */
export interface ServiceEvents {
  /** The node is on the roll: after the first registration, and after each loss. */
  registered: [node: ServiceNode];
  /**
   * The service has not been registered for `sinceMs`, because of `error`. Without an error the loss is over already,
   * and `registered` follows at once.
   */
  unregistered: [info: { readonly sinceMs: number; readonly error?: RegistryError | undefined }];
  /** Another process holds the id. */
  conflict: [error: RegistryError];
  /** With `heartbeat: 'worker'`: the main loop was blocked for `stalledMs`. `heldByWorker`: the worker renewed meanwhile. */
  stalled: [info: { readonly stalledMs: number; readonly heldByWorker: boolean }];
  /** `stop()` is done, or `onConflict: 'stop'` ended the service. */
  stopped: [];
}

/** A service that is kept on the roll. */
export interface ServiceRuntime extends AsyncDisposable {
  /** See {@link ServiceStatus}. */
  readonly status: ServiceStatus;
  /** The registry in use; undefined until it is loaded. */
  readonly registry: Registry | undefined;
  /** The registered node; undefined until its address is known. */
  readonly node: ServiceNode | undefined;
  /**
   * Waits for the server to listen, works out the address, registers and keeps registered. With the backend down it
   * resolves and goes on trying, unless `failFast`. Rejects with `INVALID_ARGUMENT` for what can never succeed.
   * Idempotent while running.
   */
  start(): Promise<ServiceNode>;
  /** Deregisters, waits `drainMs`, closes the server. Idempotent; never rejects. */
  stop(): Promise<void>;
  /** `start()`, wait for SIGTERM or SIGINT, `stop()`; a second signal ends the process at once. */
  run(): Promise<void>;
  /** Returns a function that stops the listening. */
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
  /** Metadata of the node; `server`, `protocol` and `registry` are added, as in go-micro. */
  readonly metadata?: Metadata | undefined;
  /** Endpoints of the service; for people and tools. */
  readonly endpoints?: readonly Endpoint[] | undefined;
  /** The server to register; `stop()` closes it. */
  readonly server?: ServerLike | undefined;
  /** Host or host:port that other programs should use. */
  readonly advertise?: string | undefined;
  /**
   * A registry, a promise of one, or a name as with `--registry`. Default: the registry that flag or environment name.
   * A registry that is passed in stays the caller's to close.
   */
  readonly registry?: Registry | Promise<Registry> | RegistryName | undefined;
  /** The settings of flags and environment; default: read from this process. */
  readonly settings?: SettingSources | undefined;
  /** name -> factory or adapter, for `--registry` and for a `registry` by name. */
  readonly registries?: Registries | undefined;
  /**
   * The node expires this long after its last renewal. Milliseconds; default 30,000. Sensible values are 10 s to 2
   * minutes; longer keeps a dead node listed, shorter takes a living one off the roll when its process or the network
   * stalls.
   */
  readonly ttlMs?: number | undefined;
  /**
   * How often the node is renewed, less up to 10 % of jitter. Milliseconds; default 10,000, at most `ttlMs / 3`; must
   * be below `ttlMs`. Sensible values are a third to a tenth of `ttlMs`; shorter costs the backend a request each time,
   * longer loses the node after one or two lost renewals.
   */
  readonly renewIntervalMs?: number | undefined;
  /**
   * Which thread renews: the main loop (`main`, default), or a worker thread that goes on while the main loop is
   * blocked. The worker needs a registry that it can make again: one by name, or one of an adapter other than memory.
   */
  readonly heartbeat?: 'main' | 'worker' | undefined;
  /**
   * A main loop that is silent for longer counts as dead, and the worker stops renewing. Milliseconds; default 2 x
   * `ttlMs`, at least `renewIntervalMs`. Sensible values are 1 to 4 x `ttlMs`; longer keeps a service registered
   * through longer stalls, and a hung one as long.
   */
  readonly maxStallMs?: number | undefined;
  /**
   * How long `stop()` waits between deregistering and closing the server, so that callers hear of it first.
   * Milliseconds; default 2,000, on memory 0. Sensible values are the backend's `propagationMs` plus a second; shorter
   * fails calls of callers that have not heard, longer only delays the end of the process.
   */
  readonly drainMs?: number | undefined;
  /**
   * What happens when another process holds the id. `wait` (default): the service waits until the id is free. `stop`:
   * `start()` rejects, and a later conflict ends the service (`stopped`). The service never fights for a taken id.
   */
  readonly onConflict?: 'wait' | 'stop' | undefined;
  /** Makes `start()` reject when the first registration fails. Default false: the service keeps trying. */
  readonly failFast?: boolean | undefined;
  /** Rejects while the service must not be on the roll. A check that takes longer than 5 s counts as failed. */
  readonly registerCheck?: ((signal: AbortSignal) => Promise<void> | void) | undefined;
  /** Where changes of state are logged; default: one line each on stderr. */
  readonly logger?: Logger | undefined;
}
