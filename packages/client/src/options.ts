/** Options of a client: which nodes it uses, what a failing node costs, what a call may cost. Defaults are in `defaults.ts`. */
import type { Clock, Logger } from '@rollcall/core';
import type { RandomBelow, RemoteNode, Strategy } from './picking.ts';

/** Which nodes of a service to use, and how. Evaluated once per change of the view, never per pick. */
export interface SelectOptions {
  /** Picks among the nodes; default {@link byLoad}. */
  readonly strategy?: Strategy | undefined;
  /**
   * Range of versions: `1`, `1.2.x`, `^1.2`, `~1.2.3`, `>=1.2 <3`, `a || b`, each as npm's semver reads it. Other text
   * must equal the version.
   */
  readonly version?: string | undefined;
  /**
   * Whether a node may be picked; a pure function. A node for which it returns false is never picked, not even when no
   * other is left.
   */
  readonly filter?: ((node: RemoteNode) => boolean) | undefined;
  /**
   * Canary: range -> share of picks, or of keys where calls have one (a key keeps its side). With `{ '2': 0.05 }` the
   * rest goes to nodes that match no range. An empty side gives its share to the other.
   */
  readonly split?: Readonly<Record<string, number>> | undefined;
  /** The zone of this program, by name or with options: its nodes are preferred. */
  readonly zone?: string | ZoneOptions | undefined;
}

/** Prefers the own zone. Its share = min(1, overprovision x up here / known here); the rest spills to all other zones together. */
export interface ZoneOptions {
  /** The zone of this program, compared with the metadata `zone` of nodes. */
  readonly name: string;
  /**
   * Default 1.4 (range 1..10): spilling starts when more than 1 - 1/1.4 = 28 % of the zone is down. Sensible values are
   * 1.1 to 2; higher keeps traffic at home longer and loads the survivors more, lower sends traffic away sooner.
   */
  readonly overprovision?: number | undefined;
  /**
   * Default 1: with fewer `up` nodes at home the zone is ignored. Sensible values are 1 to 5; higher spares a small
   * zone, lower keeps traffic at home.
   */
  readonly minNodes?: number | undefined;
}

/**
 * What bad answers cost a node. `false` for the whole object: no ejection. Nodes that cannot be reached are outside
 * these limits, since that is a fact: a TCP probe and then one request readmit them.
 */
export interface EjectionOptions {
  /**
   * Default 5 (range 1..100): so many `failed` in a row eject a node. So do 2 timeouts in a row, or a failure share
   * (EWMA 0.1) above 0.5 after 10 results; but only if the node is worse than the median of the others by 0.3. Sensible
   * values are 3 to 10; lower reacts sooner, and to noise as well, higher lets more requests fail.
   */
  readonly failures?: number | undefined;
  /**
   * Default 5,000. The k-th ejection in a row lasts min(maxMs, baseMs x 2^(k-1)), +-10 %; then one attempt at a time
   * until one is `ok`. Sensible values are 1 s to 30 s; longer loses capacity after a short fault, shorter sends more
   * requests to an ill node.
   */
  readonly baseMs?: number | undefined;
  /**
   * Longest ejection: default 60,000 (at least `baseMs`). Sensible values are 30 s to 10 minutes; longer spares
   * requests to a node that stays ill, shorter finds out sooner that it is well.
   */
  readonly maxMs?: number | undefined;
  /**
   * Default 0.5 (range 0..1): at most max(1, floor(maxShare x N)) nodes are ejected at once for bad answers.
   * Unreachable nodes have no such limit. Sensible values are 0.2 to 0.5; higher may leave too few nodes for the load,
   * lower keeps ill nodes in use.
   */
  readonly maxShare?: number | undefined;
}

/** The mass-loss guard. `false` for the whole object: the client believes every answer of the registry. */
export interface GuardOptions {
  /**
   * Default 0.2 (range 0.05..1): the client holds the nodes when this share of a service (and at least 3 nodes, or all)
   * vanishes within 60 s without having deregistered. Sensible values are 0.1 to 0.4; lower holds more often, higher
   * lets a registry that loses 40 % overload the rest.
   */
  readonly share?: number | undefined;
  /**
   * Default 0.5 (range share..1): the share of a service's nodes that must be removed, for any reason, before the
   * client holds them as suspects. Sensible values are 0.4 to 0.8; lower also holds nodes that a deploy deregistered,
   * higher believes a wipe that looks like a deploy.
   */
  readonly anyReasonShare?: number | undefined;
  /**
   * Default 60,000 (range 10,000..600,000; above the longest renew interval): how long a registry in sync must leave
   * out suspects that still connect before the client drops them. A refused probe drops a suspect at once. Sensible
   * values are 30 s to 5 minutes; longer survives a longer fault of the registry, shorter follows a shutdown that
   * leaves ports open.
   */
  readonly holdMs?: number | undefined;
  /**
   * Default 600,000 (at least `holdMs`): how long a registry in sync must leave out the last nodes of a service, while
   * they answer, before the client drops them. Sensible values are 5 minutes to an hour; longer outlives a longer fault
   * of the registry, shorter stops calling a service that was withdrawn and runs on.
   */
  readonly lastHoldMs?: number | undefined;
}

/** What a call may cost; the same for fetch, call and the adapters. */
export interface CallPolicy {
  /**
   * Time until the headers. Default 30,000, as a limit of each connection and without an AbortController. A value set
   * here is exact, over all attempts, and costs an AbortController (+10 % of a bare fetch). 0: no limit. Sensible
   * values are the p99 of the service to 60 s; shorter fails slow answers, longer holds callers.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Default 3 (range 1..10): attempts that may have reached a server. Attempts that certainly did not (refused, connect
   * timeout) are not counted: each node is tried once, within the deadline. Sensible values are 2 to 4; higher mends
   * more failures and multiplies the load of a failing service, lower passes more failures on.
   */
  readonly attempts?: number | undefined;
  /**
   * Whether the request may run twice. Default: true for GET, HEAD, OPTIONS, PUT, DELETE, TRACE, or with an
   * `Idempotency-Key` header. If false, only attempts that were certainly not sent are repeated. A stream as body is
   * never repeated.
   */
  readonly idempotent?: boolean | undefined;
  /**
   * Statuses for which an idempotent request is repeated at another node. Default: none. Sensible values are [502, 503,
   * 504]; more statuses hide more failures and add load, fewer pass them to the caller. The last answer is returned,
   * never replaced by an error.
   */
  readonly retryStatus?: readonly number[] | undefined;
  /**
   * Default 0, never: sends a second attempt to another node after this long without headers, for idempotent requests,
   * out of the retry budget. A sensible value is the p95 of the service, which costs 3-4 % more requests; longer cuts
   * fewer slow answers, shorter doubles the load of a service that is slow because it is busy.
   */
  readonly hedgeMs?: number | undefined;
  /**
   * Default 0: how long a call waits for a first node when there is none. Sensible values are 0 to 10 s; longer hides a
   * short gap in a deploy, and holds callers of a misspelt name. The deadline still holds.
   */
  readonly waitForNodeMs?: number | undefined;
  /** The key for `byKey` and `split`. */
  readonly key?: string | undefined;
}

/** The part of a {@link CallPolicy} that can be set for all calls: a key belongs to one call. */
export type DefaultPolicy = Omit<CallPolicy, 'key'>;

/** Options of {@link createClient}. */
export interface ClientOptions extends SelectOptions, DefaultPolicy {
  /**
   * Options per service, which override the client's. A host in a URL that is one of these names is a service name,
   * even if it has a dot.
   */
  readonly services?:
    | Readonly<
        Record<string, SelectOptions & DefaultPolicy & { readonly ejection?: EjectionOptions | false | undefined }>
      >
    | undefined;
  /** What bad answers cost a node; `false`: nothing. */
  readonly ejection?: EjectionOptions | false | undefined;
  /** When a mass loss is not believed; `false`: every answer of the registry is. */
  readonly guard?: GuardOptions | false | undefined;
  /**
   * Default 0.2 (range 0..10): repeats and hedges that may reach a server <= retryShare x calls of the last 10 s + 10.
   * 0: none. Sensible values are 0.1 to 0.5; higher mends more single failures, and multiplies the load of an
   * overloaded service.
   */
  readonly retryShare?: number | undefined;
  /**
   * Default 10,000; 0: off. A newcomer's weight is max(0.1, age / slowStartMs), except at a cold start, when all are
   * new. A sensible value is the time that a node needs to warm up; longer loads the other nodes more in a deploy,
   * shorter loads a cold node.
   */
  readonly slowStartMs?: number | undefined;
  /**
   * Default 0, all: uses at most this many nodes of a service, by rendezvous of (clientId, node id). A sensible value
   * from 1,000 nodes on is 100; fewer nodes mean fewer connections and a less even load, which spreads by
   * +-1/sqrt(clients x size / nodes).
   */
  readonly subsetSize?: number | undefined;
  /** Decides the subset of this client; default: random at each start. A fixed id keeps the subset over a restart. */
  readonly clientId?: string | undefined;
  /**
   * File with the last known nodes, for a start while the registry is lost. Written atomically at most once per second,
   * mode 0600. An unreadable file, or one older than 7 days, is ignored with a line.
   */
  readonly snapshotFile?: string | undefined;
  /**
   * Limit of one connection attempt: default 1,000 (undici rounds up to 500 ms more; bare fetch: 10,000). Sensible
   * values are 200 ms to 3 s; shorter gives up nodes on a slow link, longer holds a call at a lost host.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * Default: the global fetch, looked up at call time, with an Agent of the undici that Node bundles. `undici.fetch` or
   * a fake works as well; then `connectTimeoutMs` does not apply, and nodes are probed only if `probe` is given too.
   */
  readonly fetch?: FetchLike | undefined;
  /** How a node is probed; default: a TCP connect. For tests, and for nodes behind a proxy. */
  readonly probe?: Probe | undefined;
  /** Source of random numbers; default: `Math.random`. For tests. */
  readonly random?: RandomBelow | undefined;
  /** Source of time; default: the system's clock. For tests. */
  readonly clock?: Clock | undefined;
  /**
   * Where changes of state are logged (stale since, suspects held, ejected, back); default: one line each on stderr,
   * like the service runtime.
   */
  readonly logger?: Logger | undefined;
}

/** Asks whether a node is there. `false`: probes are blocked here (a mesh, a proxy), so only requests tell. */
export type Probe = ((node: RemoteNode, signal: AbortSignal) => Promise<void>) | false;

/** A function with the signature of `fetch`. */
export type FetchLike = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
