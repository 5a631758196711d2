/** What a client and its services offer. `picking.ts` has nodes and strategies, `options.ts` the options. */
import type { CallOptions, RegistryError } from '@rollcall/core';
import type { CallPolicy, SelectOptions } from './options.ts';
import type { Attempt, NodeTier, Outcome, RemoteNode } from './picking.ts';

/** The options of `fetch`, and those that this client adds. */
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
  /** The same object for the same name, if `options` is absent. */
  service(name: string, options?: SelectOptions): RemoteService;
  /**
   * Resolves when every name has a node to pick, known from the registry or the snapshot.
   *
   * @throws RegistryError `TIMEOUT` (after 30 s; `cause`: the NoNodeError) or `ABORTED`.
   */
  ready(names: string | readonly string[], options?: CallOptions): Promise<void>;
  /** Names in use. */
  services(): readonly string[];
  /** Returns a function that stops the listening. */
  on<K extends keyof ClientEvents>(event: K, listener: (...args: ClientEvents[K]) => void): () => void;
  /** Ends the watches, the probes and the client's own connections. Idempotent. */
  close(): Promise<void>;
}

/** Events of {@link Client.on} with their arguments. */
export interface ClientEvents {
  /** The nodes that can be picked, or their tiers, have changed. */
  change: [service: RemoteService];
  /** `status` has changed. */
  status: [state: ServiceState];
}

/** One service as this client sees it, under one selection. */
export interface RemoteService {
  /** Name of the service, as in the registry. */
  readonly name: string;
  /** All nodes that match the selection, sorted by id, whatever their tier. */
  readonly nodes: readonly RemoteNode[];
  /** The client's present knowledge; a new object after each change. */
  readonly state: ServiceState;
  /** Picks a node without I/O and without allocation. @throws NoNodeError */
  pick(key?: string): RemoteNode;
  /** Picks a node for an attempt. `avoid`: nodes already tried, which come last. @throws NoNodeError */
  acquire(key?: string, avoid?: readonly RemoteNode[]): Attempt;
  /** Reports an outcome that was seen without `acquire`. */
  report(node: RemoteNode, outcome: Outcome): void;
  /**
   * Calls a node in any protocol, with everything that fetch has. `use` answers or throws. `outcomeOf` says what an
   * error means; by default the error's `code` does, as for fetch. The call is repeated at another node only if it is
   * `idempotent`, or was certainly not sent.
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
 * - `connecting`: the registry has not answered yet.
 * - `restored`: the nodes come from the snapshot file.
 * - `live`: the nodes are those of the registry.
 * - `holding`: live, but the client does not believe a mass loss yet.
 * - `stale`: the registry has been lost for `staleMs`.
 */
export interface ServiceState {
  /** The service. */
  readonly name: string;
  /** See {@link ClientServiceStatus}. */
  readonly status: 'connecting' | 'restored' | 'live' | 'holding' | 'stale';
  /** For how many milliseconds the registry has been lost; 0 while it answers. */
  readonly staleMs: number;
  /** Why the status is `connecting`, `restored` or `stale`. */
  readonly error?: RegistryError | undefined;
  /** No `up` node is left, so picks come from a lower tier. */
  readonly panic: boolean;
  /** All known nodes, including suspects and ejected nodes. */
  readonly nodes: readonly NodeStatus[];
}

/** What a client knows of one node. */
export interface NodeStatus {
  /** The node itself. */
  readonly node: RemoteNode;
  /** How far the client trusts the node. */
  readonly tier: NodeTier;
  /** Why the node is in that tier, as a text for people. */
  readonly why?: string | undefined;
  /** Attempts of this client at the node that have no answer yet. */
  readonly pending: number;
  /** Usual latency in milliseconds: a peak that fades over 10 s; 0 before the first answer. */
  readonly latencyMs: number;
  /** When an ejected node is tried again. */
  readonly readmitInMs?: number | undefined;
}

/**
 * There is no node to pick. This is not the case when all nodes are ejected: then the client picks one of them.
 *
 * - `unregistered`: the registry answers that the service has no node.
 * - `unmatched`: there are nodes, but version or filter excludes all of them.
 * - `unknown`: the registry has not answered, and the client remembers nothing.
 */
export interface NoNodeError extends RegistryError<'UNAVAILABLE'> {
  /** The service that was asked for. */
  readonly service: string;
  /** Why there is no node; see {@link NoNodeError}. */
  readonly reason: 'unregistered' | 'unmatched' | 'unknown';
}
