/** What proves a node, what ends a proof, and what a suspect must show. Pure. */
import type { DeleteReason } from '@rollcall/core';
import { strangerAnswers, suspectUnreachable, trustedForMs } from '../defaults.ts';
import type { NodeState, Suspicion } from './node-state.ts';

/** Begins a suspicion: the suspect must connect, and must have answered this client well shortly before its removal. */
export function suspect(state: NodeState, reason: DeleteReason, removedAtMs: number, syncedMs: number): void {
  state.suspicion = {
    reason,
    heldAtMs: syncedMs,
    isTrusted: removedAtMs - state.lastGoodMs <= trustedForMs,
    isConnected: false,
    hasAnswered: false,
    unreachable: 0,
    badAnswers: 0,
  };
}

/** Notes that the node connected. */
export function connected(state: NodeState): void {
  const { suspicion } = state;
  state.isProven = true;
  if (suspicion === undefined) return;
  suspicion.isConnected = true;
  suspicion.unreachable = 0;
}

/** Notes that the node answered well. */
export function answeredWell(state: NodeState, nowMs: number): void {
  connected(state);
  state.lastGoodMs = nowMs;
  if (state.suspicion === undefined) return;
  state.suspicion.hasAnswered = true;
  state.suspicion.badAnswers = 0;
}

/** Notes that the connection to the node failed. */
export function disconnected(state: NodeState): void {
  state.isProven = false;
  state.lastGoodMs = Number.NEGATIVE_INFINITY;
  if (state.suspicion === undefined) return;
  state.suspicion.isConnected = false;
  state.suspicion.isTrusted = false;
  state.suspicion.hasAnswered = false;
}

/** Notes that a request failed without an answer, or with a bad one. */
export function distrust(state: NodeState, isAnswer: boolean): void {
  state.lastGoodMs = Number.NEGATIVE_INFINITY;
  if (state.node.late && !isAnswer) state.isProven = false;
  const { suspicion } = state;
  if (suspicion === undefined) return;
  suspicion.isTrusted = false;
  if (isAnswer) suspicion.badAnswers += 1;
  else suspicion.hasAnswered = false;
}

/** Whether a suspect has answered like a stranger at a reused address. */
export const isStranger = ({ badAnswers }: Suspicion): boolean => badAnswers >= strangerAnswers;

/** Whether a suspect was unreachable often enough to be given up. Counts only while the registry is in sync. */
export function missed(suspicion: Suspicion, isInSync: boolean): boolean {
  if (isInSync) suspicion.unreachable += 1;
  return suspicion.unreachable >= suspectUnreachable;
}
