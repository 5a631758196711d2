import type { DeleteReason } from '@rollcall/core';
import type { Candidate, NodeTier, RemoteNode } from '../picking.ts';

/** Why a node is asked by TCP. `readmit`: its ejection is over. `recall`: half of the nodes are out, and one of them answers. */
export type AskReason = 'newcomer' | 'late' | 'suspect' | 'readmit' | 'recall' | 'alarm' | 'stuck';

/** What is known of a node whose removal is not believed. */
export interface Suspicion {
  readonly reason: DeleteReason;
  /** Time by a clock that stands still while the registry is lost. */
  readonly heldAtMs: number;
  /** Whether the node answered well shortly before its removal, and nothing failed since. */
  isTrusted: boolean;
  /** Whether the last probe or request since the removal of the node connected. */
  isConnected: boolean;
  /** Whether the node has answered well since its removal. */
  hasAnswered: boolean;
  /** Failed connects in a row, while the registry was in sync. */
  unreachable: number;
  /** Bad answers in a row. */
  badAnswers: number;
}

/** A node that is out of the selection for a while. */
export interface Ejection {
  /** `failed`: for bad answers. */
  kind: 'failed' | 'unreachable';
  untilMs: number;
  /**
   * Whether the node is tried: one request at a time goes to it, until one is good. A trial begins when TCP has
   * answered, or needs no answer.
   */
  isOnTrial: boolean;
}

/** Everything that this client knows of one node: its record, its figures, and its standing. */
export class NodeState implements Candidate {
  node: RemoteNode;
  weight: number;
  pending = 0;
  latencyMs = 0;
  sampledAtMs = 0;

  /** When the registry listed the node; -Infinity: before this client began to follow the service. */
  listedAtMs: number;
  /** Undefined: the node is listed. */
  suspicion: Suspicion | undefined;
  ejection: Ejection | undefined;
  /** Ejections in a row. */
  ejections = 0;
  returnedAtMs: number = Number.NEGATIVE_INFINITY;

  /** Whether the node answered or connected since it was listed, doubted, or last unreachable. */
  isProven = false;
  lastGoodMs: number = Number.NEGATIVE_INFINITY;
  /** When the node last gave any answer. */
  heardAtMs: number = Number.NEGATIVE_INFINITY;
  failuresInRow = 0;
  timeoutsInRow = 0;
  failureShare = 0;
  samples = 0;

  /** Whether a probe is under way or queued. */
  asking: AskReason | undefined;
  /** When the node is to be asked next; Infinity: no time is set. */
  askAtMs: number = Number.POSITIVE_INFINITY;
  /** Rank of this node for this client, when only a subset is used. */
  rank = 0;

  constructor(node: RemoteNode, listedAtMs: number) {
    this.node = node;
    this.weight = node.weight;
    this.listedAtMs = listedAtMs;
  }

  get id(): string {
    return this.node.id;
  }

  get tier(): NodeTier {
    const { ejection } = this;
    if (ejection !== undefined && !ejection.isOnTrial)
      return ejection.kind === 'unreachable' ? 'unreachable' : 'ejected';
    return this.isUp ? 'up' : 'unproven';
  }

  /** Whether the node is proven, by the measure for listed nodes or for suspects. */
  get isUp(): boolean {
    const { suspicion } = this;
    if (suspicion === undefined) return this.isProven;
    return suspicion.hasAnswered || (suspicion.isConnected && suspicion.isTrusted);
  }
}
