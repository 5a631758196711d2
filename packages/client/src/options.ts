/** Options of a client: which nodes, what a failing node costs, what a call may cost. Defaults are in `defaults.ts`. */
import type { Clock, Logger } from '@rollcall/core';
import type { RandomBelow, RemoteNode, Strategy } from './picking.ts';

/** Which nodes of a service, and how. Evaluated once per change of the view, never per pick. */
export interface SelectOptions {
  /** Default {@link byLoad}. */
  readonly strategy?: Strategy | undefined;
  /** Range: `1`, `1.2.x`, `^1.2`, `~1.2.3`, `>=1.2 <3`, `a || b`, each as npm's semver reads it; anything else is compared as text. */
  readonly version?: string | undefined;
  /** Pure. Excluded nodes are never picked, not even when nothing else is left. */
  readonly filter?: ((node: RemoteNode) => boolean) | undefined;
  /**
   * Canary: range -> share of picks (with a key: of keys, stable). `{ '2': 0.05 }`; the rest goes to nodes that match
   * none. An empty side gives its share to the other.
   */
  readonly split?: Readonly<Record<string, number>> | undefined;
  /** A name, or more. */
  readonly zone?: string | ZoneOptions | undefined;
}

/**
 * Own zone first. Its share = min(1, overprovision x up here / known here); the rest spills to all other zones together.
 */
export interface ZoneOptions {
  /** The zone of this program, compared with the metadata `zone` of nodes. */
  readonly name: string;
  /**
   * 1.4 (range 1..10): spilling starts when more than 28 % of the zone is down; higher keeps traffic home longer and
   * loads the survivors more.
   */
  readonly overprovision?: number | undefined;
  /** 1: with fewer `up` nodes at home the zone is ignored. */
  readonly minNodes?: number | undefined;
}

/**
 * What bad answers cost a node. Whole object `false`: no ejection. `unreachable` nodes are outside it: that is a fact, so
 * no share limits it; a TCP probe and then one request readmit them.
 */
export interface EjectionOptions {
  /**
   * `failed` in a row: 5 (range 1..100), or 2 timeouts, or a failure share (EWMA 0.1) > 0.5 after 10; and only if worse
   * than the median of the others by 0.3. Lower reacts sooner and to noise.
   */
  readonly failures?: number | undefined;
  /**
   * The k-th ejection in a row lasts min(maxMs, baseMs x 2^(k-1)), +-10 %: 5,000. Then one attempt at a time until one is `ok`. Sensible
   * values are 1 s to 30 s: longer loses capacity after a short fault, shorter sends more requests to an ill node.
   */
  readonly baseMs?: number | undefined;
  /** Longest ejection: 60,000 (at least `baseMs`). Longer spares a node that stays ill; shorter finds out sooner that it is well. */
  readonly maxMs?: number | undefined;
  /**
   * At most max(1, floor(maxShare x N)) ejected at once for bad answers: 0.5 (range 0..1). Unreachable nodes have no cap. Higher may leave
   * too few nodes for the load, lower keeps ill ones in use.
   */
  readonly maxShare?: number | undefined;
}

/** The mass-loss guard. Whole object `false`: believe every answer of the registry. */
export interface GuardOptions {
  /**
   * Held when this share of a service (and at least 3, or all) vanishes within 60 s without having deregistered: 0.2
   * (range 0.05..1). Lower holds more often; higher lets a registry that loses 40 % overload the rest.
   */
  readonly share?: number | undefined;
  /** The same whatever the reason: 0.5 (range share..1). Lower also holds nodes of a deploy that were deregistered; higher believes a wipe that looks like one. */
  readonly anyReasonShare?: number | undefined;
  /**
   * How long the registry must insist, in sync, before suspects that still connect are dropped: 60,000 (range
   * 10,000..600,000; above the longest renew interval). Longer survives a longer lie; shorter follows a shutdown that
   * leaves ports open. A refused probe drops one at once.
   */
  readonly holdMs?: number | undefined;
  /** The same for the last nodes of a service while they answer: 600,000 (at least `holdMs`). Longer outlives a longer lie; shorter stops calling a service that was withdrawn and runs on. */
  readonly lastHoldMs?: number | undefined;
}

/** What a call may cost: the same for fetch, call and the adapters. */
export interface CallPolicy {
  /**
   * Until the headers. Set here: over all attempts, exact, at the cost of an AbortController (+10 % of a bare fetch).
   * Default: 30,000 as a limit of each connection, no AbortController. 0: none.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Attempts that may have reached a server: 3 (range 1..10). Those that certainly did not (refused, connect timeout)
   * are not counted: each node once, while the deadline lasts.
   */
  readonly attempts?: number | undefined;
  /**
   * May it run twice? Default: GET, HEAD, OPTIONS, PUT, DELETE, TRACE, or an `Idempotency-Key` header. Else only
   * certainly unsent attempts are repeated. A stream as body is never repeated.
   */
  readonly idempotent?: boolean | undefined;
  /** Answers to repeat elsewhere when idempotent: none. Sensible: [502, 503, 504]. The last answer is returned, never hidden by an error. */
  readonly retryStatus?: readonly number[] | undefined;
  /**
   * Send a second attempt to another node after so long without headers: 0 = never. Sensible: the p95 of the service, which costs 3-4 % more
   * requests; shorter doubles the load of a service that is slow because it is busy. Out of the same budget; idempotent only.
   */
  readonly hedgeMs?: number | undefined;
  /** With no node, wait so long for one: 0. Sensible values are 0 to 10 s: longer hides a short gap in a deploy, and holds callers of a name that is misspelt. The deadline still holds. */
  readonly waitForNodeMs?: number | undefined;
  /** For `byKey` and `split`. */
  readonly key?: string | undefined;
}

/** What of a {@link CallPolicy} may be said for all calls: a key is of one call. */
export type DefaultPolicy = Omit<CallPolicy, 'key'>;

/** Options of {@link createClient}. */
export interface ClientOptions extends SelectOptions, DefaultPolicy {
  /** Per service, over the defaults; the names also count as service names for hosts with a dot. */
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
   * Repeats and hedges that may reach a server <= retryShare x calls of the last 10 s + 10: 0.2 (range 0..10; sensible up to 0.5). 0: never. Higher mends more single
   * failures, and multiplies the load of a service that is already overloaded.
   */
  readonly retryShare?: number | undefined;
  /**
   * A newcomer's weight is max(0.1, age / slowStartMs): 10,000; 0: none. Sensible: as long as a node needs to warm up; longer loads the others
   * more in a deploy. Not at a cold start, when all are new.
   */
  readonly slowStartMs?: number | undefined;
  /**
   * Use at most so many nodes of a service, by rendezvous of (clientId, node id): 0 = all. Sensible from 1,000 nodes: 100.
   * Fewer connections; load per node spreads by +-1/sqrt(clients x size / nodes).
   */
  readonly subsetSize?: number | undefined;
  /** What the subset of this client is drawn by; default: random at each start. Fixed: the same subset after a restart. */
  readonly clientId?: string | undefined;
  /** Last known good across restarts: written atomically at most once per second, mode 0600; unreadable or older than 7 days: ignored with a line. */
  readonly snapshotFile?: string | undefined;
  /**
   * Limit of one connection attempt: 1,000 (undici rounds up to 500 ms more; bare fetch: 10,000). Sensible values are 200 ms to 3 s: shorter gives up nodes on a
   * slow link, longer holds a call at a lost host.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * Default: the global fetch, looked up at call time, with an Agent of the undici that this Node bundles. `undici.fetch`
   * or a fake fits; with one given, `connectTimeoutMs` is its own affair, and nodes are probed only if `probe` is given too.
   */
  readonly fetch?: FetchLike | undefined;
  /** Default: TCP connect. For tests and for nodes behind a proxy. */
  readonly probe?: Probe | undefined;
  /** Default: `Math.random`. For tests. */
  readonly random?: RandomBelow | undefined;
  /** Default: the system's. For tests. */
  readonly clock?: Clock | undefined;
  /** Default: one line per change of state on stderr (stale since, suspects held, ejected, back), as the service runtime's. */
  readonly logger?: Logger | undefined;
}

/** Asks a node whether it is there. `false`: probes are blocked here (a mesh, a proxy), only requests tell. */
export type Probe = ((node: RemoteNode, signal: AbortSignal) => Promise<void>) | false;

/** Anything with the signature of `fetch`. */
export type FetchLike = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
