import type { DeleteReason } from '@rollcall/core';
import type { Candidate, NodeTier, RemoteNode } from '../picking.ts';

/** Why a node is asked by TCP. `readmit`: its ejection is over. `recall`: half are out and one of them answers. */
export type AskReason = 'newcomer' | 'late' | 'suspect' | 'readmit' | 'recall' | 'alarm' | 'stuck';

/** What is known of a node whose removal is not believed. */
export interface Suspicion {
  readonly reason: DeleteReason;
  /** Time on a clock that stands still while the registry is lost. */
  readonly heldAtMs: number;
  /** It answered well shortly before its removal, and nothing failed since. */
  isTrusted: boolean;
  /** The last probe or request since then connected. */
  isConnected: boolean;
  /** It has answered well since then. */
  hasAnswered: boolean;
  /** Failed connects in a row, while the registry is in sync. */
  unreachable: number;
  /** Answers in a row that were not good. */
  badAnswers: number;
}

/** A node that is out of the selection for a while. */
export interface Ejection {
  /** `failed`: bad answers. */
  kind: 'failed' | 'unreachable';
  untilMs: number;
  /** TCP answered, or needs no asking: one request at a time may go, until one is good. */
  isOnTrial: boolean;
}

/** Everything that this client knows of one node: its record, its figures, and where it stands. */
export class NodeState implements Candidate {
  node: RemoteNode;
  weight: number;
  pending = 0;
  latencyMs = 0;
  sampledAtMs = 0;

  /** When the registry listed it; -Infinity: before this client looked. */
  listedAtMs: number;
  /** Undefined: it is listed. */
  suspicion: Suspicion | undefined;
  ejection: Ejection | undefined;
  /** Ejections in a row. */
  ejections = 0;
  returnedAtMs: number = Number.NEGATIVE_INFINITY;

  /** It answered or connected since it was listed, doubted, or last unreachable. */
  isProven = false;
  lastGoodMs: number = Number.NEGATIVE_INFINITY;
  /** When it last answered anything. */
  heardAtMs: number = Number.NEGATIVE_INFINITY;
  failuresInRow = 0;
  timeoutsInRow = 0;
  failureShare = 0;
  samples = 0;

  /** A probe is under way, or queued. */
  asking: AskReason | undefined;
  /** When it is to be asked again; Infinity: not by itself. */
  askAtMs: number = Number.POSITIVE_INFINITY;
  /** Order of this node for this client, when only a subset is used. */
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

  /** Proven, by the measure that applies to it. */
  get isUp(): boolean {
    const { suspicion } = this;
    if (suspicion === undefined) return this.isProven;
    return suspicion.hasAnswered || (suspicion.isConnected && suspicion.isTrusted);
  }
}
