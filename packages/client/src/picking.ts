/** What is picked, and how: nodes, tiers, outcomes, and the form of a strategy. */
import type { ServiceNode } from '@rollcall/core';

/** A node as a caller needs it. Frozen; the same object until its record changes. */
export interface RemoteNode extends ServiceNode {
  /** The service that the node belongs to. */
  readonly service: string;
  /** Version of the service that the node runs. */
  readonly version: string;
  /** Host, without brackets, as `net.connect` takes it. */
  readonly host: string;
  /** 1-65535. */
  readonly port: number;
  /** Metadata `zone`; `''` when absent. */
  readonly zone: string;
  /** Metadata `weight` if it is a number >= 0, else 1. 0: picked only when no other node is left. */
  readonly weight: number;
}

/**
 * The tier of a node, best first. A pick comes from the first tier that is not empty.
 *
 * - `up`: proven; includes proven late nodes and proven suspects.
 * - `unproven`: not asked yet, late without an answer, or a suspect that is not proven.
 * - `ejected`: it answers, but badly.
 * - `unreachable`: the last connection attempt failed; a TCP probe readmits it.
 *
 * The last two are picked from together, when nothing else is left.
 */
export type NodeTier = 'up' | 'unproven' | 'ejected' | 'unreachable';

/**
 * The result of one attempt, as far as the node is concerned.
 *
 * - `ok`: it answered; an answer that blames the request (4xx, a failed precondition) is `ok` too.
 * - `failed`: 500, 502-504, a reset, or no answer in time; counts towards ejection.
 * - `busy`: 429, or 503 with Retry-After; less traffic, no ejection.
 * - `unreachable`: refused, or connect timeout; one is enough.
 * - `cancelled`: the caller gave up or is out of sockets (EMFILE); nothing is learnt.
 */
export type Outcome = 'ok' | 'failed' | 'busy' | 'unreachable' | 'cancelled';

/**
 * An attempt at one node. It counts as pending until `release`. Only the first release counts; `using` without a
 * release is `cancelled`.
 */
export interface Attempt extends Disposable {
  /** The node to use. */
  readonly node: RemoteNode;
  /** Ends the attempt and says how it went. Call it once. */
  release(outcome: Outcome): void;
}

/** Live figures of one node. The client writes them, a strategy only reads. The object stays the same across views. */
export interface Candidate {
  /** The node itself. */
  readonly node: RemoteNode;
  /** `node.weight` x slow start. */
  readonly weight: number;
  /** Attempts of this client in flight. */
  readonly pending: number;
  /**
   * Peak mean in milliseconds: a slower sample replaces it, a faster one weighs `1 - exp(-age / 10 s)`. A `failed` or
   * `unreachable` attempt raises it to at least max(1,000 ms, 20 x the client's usual latency), so that fast failures
   * attract no traffic. 0: not tried yet.
   */
  readonly latencyMs: number;
  /**
   * Time of the figure, on the clock of `nowMs`. An old figure fades: latency x exp(-age / 10 s), so that a slow node
   * is tried again.
   */
  readonly sampledAtMs: number;
}

/** The context of a pick. The caller reuses it for every pick, so a strategy must not keep it. */
export interface PickRequest {
  /** The key for `byKey` and `split`; absent: none was given. */
  readonly key: string | undefined;
  /** Coarse time: whole ms, from the last acquire or release, since reading the clock costs 60 ns and allocates. */
  readonly nowMs: number;
  /** Pending attempts of all candidates. */
  readonly pending: number;
}

/**
 * An integer in 0..below-1. `Math.random()` passed through a closure would allocate a number per call, so these are
 * small integers.
 */
export type RandomBelow = (below: number) => number;

/**
 * Builds the tables of a strategy: called once per change of a view, with >= 1 candidates sorted by node id. Must not
 * keep state of earlier views.
 */
export type Strategy = (candidates: readonly Candidate[]) => Choose;

/** Called for each pick; returns the index of a candidate. Must not allocate, await or throw. */
export type Choose = (request: PickRequest, random: RandomBelow) => number;
