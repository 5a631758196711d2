/** What a client and its services offer. What is picked is in `picking.ts`, options are in `options.ts`. */
import type { CallOptions, RegistryError } from '@rollcall/core';
import type { CallPolicy, SelectOptions } from './options.ts';
import type { Attempt, NodeTier, Outcome, RemoteNode } from './picking.ts';

/** What `fetch` takes, and what this client adds. */
export type FetchInit = RequestInit & { readonly rollcall?: CallPolicy | undefined };

/**
 * The consumer side of a registry: follows each service from its first use, one watch per name, and answers from
 * memory. The registry stays the caller's: `close` ends the watches, not the registry.
 */
export interface Client extends AsyncDisposable {
  /**
   * `fetch` for service names: a host without dot and without port (not `localhost`), `*.rollcall` (for names with dots
   * or of digits only), or a name in `services`; all else passes through untouched. Bound: can be passed on. The first
   * call for a name waits for the registry. `Host`, `Response.url` and relative redirects are the node's.
   *
   * Rejects as fetch does: TypeError `fetch failed` with the last attempt's `cause` (or {@link NoNodeError});
   * `TimeoutError` at the deadline; the signal's reason.
   */
  readonly fetch: (input: string | URL | Request, init?: FetchInit) => Promise<Response>;
  /** The same object for the same name while `options` is absent. */
  service(name: string, options?: SelectOptions): RemoteService;
  /**
   * Resolves when every name has a node to pick, known from the registry or the snapshot.
   *
   * @throws RegistryError `TIMEOUT` (after 30 s; `cause`: the NoNodeError) or `ABORTED`.
   */
  ready(names: string | readonly string[], options?: CallOptions): Promise<void>;
  /** Names in use. */
  services(): readonly string[];
  /** Answers how to stop listening. */
  on<K extends keyof ClientEvents>(event: K, listener: (...args: ClientEvents[K]) => void): () => void;
  /** Ends the watches, the probes and the client's own connections. Idempotent. */
  close(): Promise<void>;
}

/** Events of {@link Client.on} with their arguments. */
export interface ClientEvents {
  /** What can be picked has changed, in nodes or tiers. */
  change: [service: RemoteService];
  /** `status` has changed. */
  status: [state: ServiceState];
}

/** One service as this client sees it, under one selection. */
export interface RemoteService {
  /** The service, as in the registry. */
  readonly name: string;
  /** All that match, sorted by id, whatever their tier. */
  readonly nodes: readonly RemoteNode[];
  /** What the client knows now; a new object after each change. */
  readonly state: ServiceState;
  /** No I/O, no allocation. @throws NoNodeError */
  pick(key?: string): RemoteNode;
  /** `avoid`: nodes already tried; they come last. @throws NoNodeError */
  acquire(key?: string, avoid?: readonly RemoteNode[]): Attempt;
  /** An outcome seen without `acquire`. */
  report(node: RemoteNode, outcome: Outcome): void;
  /**
   * Any protocol, with everything that fetch has. `use` answers or throws; `outcomeOf` says what a throw means (default:
   * the error's `code`, as for fetch). Repeated elsewhere only if `idempotent`, or `unreachable` before sending.
   */
  call<T>(
    use: (node: RemoteNode, signal: AbortSignal) => Promise<T>,
    policy?: CallPolicy & { readonly outcomeOf?: ((error: unknown) => Outcome) | undefined },
  ): Promise<T>;
  /** `client.fetch` with this selection; `path` begins with `/`. */
  fetch(path: string, init?: FetchInit): Promise<Response>;
}

/**
 * What a client knows of a service.
 *
 * - `connecting`: no answer of the registry yet.
 * - `restored`: from the snapshot file.
 * - `live`: as the registry says.
 * - `holding`: live, but a mass loss is not believed yet.
 * - `stale`: the registry is lost, since `staleMs`.
 */
export interface ServiceState {
  /** The service. */
  readonly name: string;
  /** See above. */
  readonly status: 'connecting' | 'restored' | 'live' | 'holding' | 'stale';
  /** How long the registry is lost; 0 while it answers. */
  readonly staleMs: number;
  /** Why `connecting`, `restored` or `stale`. */
  readonly error?: RegistryError | undefined;
  /** No `up` node is left: picks come from a lower tier. */
  readonly panic: boolean;
  /** All known nodes, suspects and ejected ones included. */
  readonly nodes: readonly NodeStatus[];
}

/** What a client knows of one node. */
export interface NodeStatus {
  /** The node itself. */
  readonly node: RemoteNode;
  /** How far the client trusts it. */
  readonly tier: NodeTier;
  /** Why it is in that tier, for people. */
  readonly why?: string | undefined;
  /** Attempts of this client at the node that have no answer yet. */
  readonly pending: number;
  /** Usual latency: a peak that fades over 10 s; 0 before the first answer. */
  readonly latencyMs: number;
  /** Of an ejected node: when it is tried again. */
  readonly readmitInMs?: number | undefined;
}

/**
 * Nothing to pick. There is no "all ejected": while a node is known, it is picked.
 *
 * - `unregistered`: the registry answers, and has none.
 * - `unmatched`: there are nodes, but version or filter excludes all.
 * - `unknown`: the registry has not answered and nothing is remembered.
 */
export interface NoNodeError extends RegistryError<'UNAVAILABLE'> {
  /** The service that was asked for. */
  readonly service: string;
  /** Why there is none: see above. */
  readonly reason: 'unregistered' | 'unmatched' | 'unknown';
}
