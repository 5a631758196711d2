/** How results of requests and probes change a node: proof, ejection, trial, return, and the alarm. Pure in `now`. */
import { alarmPauseMs, alarmWithinMs } from '../defaults.ts';
import type { Board } from './board.ts';
import type { Ejections } from './ejection.ts';
import type { Latencies } from './latency.ts';
import type { AskReason, Ejection, NodeState } from './node-state.ts';
import * as proof from './proof.ts';
import type { Suspects } from './suspects.ts';

/**
 * The result of a request, in more detail than an `Outcome`. `ok`: 2xx or 3xx. `answered`: 4xx. `reset`: the connection
 * broke after it was made. `refused`, `unreachable`: it was never made.
 */
export type Result =
  | 'ok'
  | 'answered'
  | 'failed'
  | 'timeout'
  | 'reset'
  | 'busy'
  | 'refused'
  | 'unreachable'
  | 'cancelled';

/** The parts that {@link Health} joins. */
export interface HealthParts {
  readonly board: Board;
  readonly suspects: Suspects;
  readonly ejections: Ejections;
  readonly latencies: Latencies;
}

/** The health of the nodes of one service. */
export class Health {
  readonly #board: Board;
  readonly #suspects: Suspects;
  readonly #ejections: Ejections;
  readonly #latencies: Latencies;
  #lastLossMs: number = Number.NEGATIVE_INFINITY;
  #alarmedAtMs: number = Number.NEGATIVE_INFINITY;

  constructor({ board, suspects, ejections, latencies }: HealthParts) {
    this.#board = board;
    this.#suspects = suspects;
    this.#ejections = ejections;
    this.#latencies = latencies;
  }

  /** Takes the result of a request. `latencyMs`: the time until its answer. */
  report(state: NodeState, result: Result, nowMs: number, latencyMs?: number): void {
    const wasUp = state.isUp;
    switch (result) {
      case 'ok':
      case 'answered':
        if (latencyMs !== undefined) this.#latencies.observe(state, latencyMs, nowMs);
        this.#answered(state, result === 'ok', nowMs);
        break;
      case 'busy':
        this.#latencies.strain(state, nowMs);
        this.#heard(state, nowMs);
        this.#doubt(state, true);
        break;
      case 'failed':
        this.#heard(state, nowMs);
        this.#failed(state, result, nowMs);
        break;
      case 'timeout':
      case 'reset':
        this.#failed(state, result, nowMs);
        break;
      case 'refused':
      case 'unreachable':
        this.#latencies.penalise(state, nowMs);
        this.#unreachable(state, result, nowMs);
        break;
      default:
    }
    if (state.isUp !== wasUp) this.#board.changed();
  }

  /** Takes the result of a probe of a node that is listed or still held. */
  asked(state: NodeState, why: AskReason, hasConnected: boolean, nowMs: number): void {
    const wasUp = state.isUp;
    if (hasConnected) this.#connected(state, why, nowMs);
    else {
      proof.disconnected(state);
      const { ejection } = state;
      const isOver = why === 'readmit' || ejection?.isOnTrial === true || ejection?.kind === 'failed';
      if (ejection !== undefined && isOver) this.#eject(state, 'unreachable', nowMs);
      else if (ejection === undefined && state.suspicion === undefined) this.#lost(state, nowMs);
    }
    if (state.isUp !== wasUp) this.#board.changed();
  }

  /** Asks ejected nodes whose time is over by TCP; schedules the others. */
  tick(nowMs: number): void {
    for (const state of this.#board.states.values()) {
      const { ejection } = state;
      if (ejection === undefined || ejection.isOnTrial) continue;
      if (ejection.untilMs <= nowMs) this.#board.ask(state, 'readmit');
      else this.#board.schedule(ejection.untilMs);
    }
  }

  #heard(state: NodeState, nowMs: number): void {
    state.heardAtMs = nowMs;
  }

  #answered(state: NodeState, isGood: boolean, nowMs: number): void {
    this.#heard(state, nowMs);
    this.#ejections.succeeded(state);
    if (isGood) proof.answeredWell(state, nowMs);
    else {
      proof.connected(state);
      if (!this.#doubt(state, true)) return;
    }
    if (state.ejection === undefined) return;
    const isHalfOut = this.#out() * 2 >= this.#board.states.size;
    this.#back(state, nowMs);
    if (isHalfOut) this.#recall();
  }

  /** For a suspect, a bad answer speaks against it. Returns whether the node is still known. */
  #doubt(state: NodeState, isAnswer: boolean): boolean {
    if (state.suspicion === undefined) return true;
    proof.distrust(state, isAnswer);
    return this.#suspects.answeredBadly(state, state.suspicion);
  }

  #failed(state: NodeState, result: 'failed' | 'timeout' | 'reset', nowMs: number): void {
    this.#latencies.penalise(state, nowMs);
    this.#ejections.failed(state, result === 'timeout');
    proof.distrust(state, result === 'failed');
    if (state.suspicion !== undefined && !this.#suspects.answeredBadly(state, state.suspicion)) return;
    const { ejection } = state;
    const isDue = ejection === undefined && this.#ejections.isDue(state, this.#board.states);
    if (ejection?.isOnTrial || isDue) this.#eject(state, 'failed', nowMs);
  }

  #unreachable(state: NodeState, result: 'refused' | 'unreachable', nowMs: number): void {
    if (state.suspicion !== undefined && result === 'refused') {
      this.#suspects.refused(state);
      return;
    }
    proof.disconnected(state);
    if (state.suspicion !== undefined) this.#board.ask(state, 'suspect');
    else if (state.ejection === undefined) this.#lost(state, nowMs);
    else if (state.ejection.isOnTrial || state.ejection.kind === 'failed') this.#eject(state, 'unreachable', nowMs);
  }

  /** Ejects an unreachable node. A second within a second is an alarm: a switch, a host or a zone may be down. */
  #lost(state: NodeState, nowMs: number): void {
    this.#eject(state, 'unreachable', nowMs);
    const isSecond = nowMs - this.#lastLossMs <= alarmWithinMs;
    this.#lastLossMs = nowMs;
    if (!isSecond || nowMs - this.#alarmedAtMs < alarmPauseMs) return;
    this.#alarmedAtMs = nowMs;
    for (const other of this.#board.states.values()) if (other.ejection === undefined) this.#board.ask(other, 'alarm');
  }

  #connected(state: NodeState, why: AskReason, nowMs: number): void {
    proof.connected(state);
    const { ejection } = state;
    if (ejection === undefined || ejection.isOnTrial) return;
    if (why === 'recall' && ejection.kind === 'unreachable') this.#back(state, nowMs);
    else if (why === 'readmit' || why === 'recall') {
      ejection.isOnTrial = true;
      this.#board.tell('trial', state);
    }
  }

  #eject(state: NodeState, kind: Ejection['kind'], nowMs: number): void {
    const isAgain = state.ejection !== undefined;
    const lastsMs = this.#ejections.eject(state, kind, nowMs);
    this.#board.schedule(nowMs + lastsMs);
    this.#board.tell('eject', state, { lastsMs, why: kind, isAgain });
  }

  #back(state: NodeState, nowMs: number): void {
    this.#ejections.back(state, nowMs);
    this.#board.tell('back', state);
  }

  #out(): number {
    let out = 0;
    for (const { ejection } of this.#board.states.values()) if (ejection !== undefined) out += 1;
    return out;
  }

  #recall(): void {
    for (const state of this.#board.states.values())
      if (state.ejection !== undefined && !state.ejection.isOnTrial) this.#board.ask(state, 'recall');
  }
}
