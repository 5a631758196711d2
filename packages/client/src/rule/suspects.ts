/** Suspects: nodes that the registry removed and the client holds. How they prove themselves, and when they are given up. */
import { askIntervalMs } from '../defaults.ts';
import type { Board } from './board.ts';
import type { Departure, MassLossGuard } from './guard.ts';
import type { NodeState, Suspicion } from './node-state.ts';
import * as proof from './proof.ts';
import type { SyncClock } from './sync-clock.ts';

/** How long suspects are held, by the clock that runs only while the registry is in sync. */
export interface HoldLimits {
  readonly holdMs: number;
  readonly lastHoldMs: number;
}

/** The suspects of one service. */
export class Suspects {
  readonly #board: Board;
  readonly #guard: MassLossGuard;
  readonly #sync: SyncClock;
  readonly #limits: HoldLimits;
  readonly #held = new Map<string, NodeState>();
  /** The time since which any node is listed again, in synced time; undefined: no node is. */
  #listedSinceMs: number | undefined = Number.NEGATIVE_INFINITY;

  constructor(board: Board, guard: MassLossGuard, sync: SyncClock, limits: HoldLimits) {
    this.#board = board;
    this.#guard = guard;
    this.#sync = sync;
    this.#limits = limits;
  }

  get size(): number {
    return this.#held.size;
  }

  hold({ state, reason, atMs }: Departure, nowMs: number): void {
    proof.suspect(state, reason, atMs, this.#sync.at(nowMs));
    this.#board.add(state);
    this.#held.set(state.id, state);
    this.#board.tell('suspect', state);
    this.#board.ask(state, 'suspect');
    this.#board.schedule(nowMs + this.#limits.holdMs);
  }

  /** Ends the suspicion of a node that the registry lists again. */
  release(state: NodeState): void {
    state.isProven = state.isUp;
    state.suspicion = undefined;
    this.#held.delete(state.id);
    this.#board.tell('listed', state);
  }

  giveUp(state: NodeState, why: string): void {
    state.suspicion = undefined;
    this.#held.delete(state.id);
    this.#board.delete(state);
    this.#guard.gone(state.id);
    this.#board.tell('gone', state, { why });
  }

  /** Gives up a suspect whose address refused a request. Other suspects may be gone as well, so all are asked. */
  refused(state: NodeState): void {
    this.giveUp(state, 'refused');
    for (const other of this.#held.values()) this.#board.ask(other, 'suspect');
  }

  /** Takes the result of a probe; returns whether the node is still held. */
  asked(
    state: NodeState,
    suspicion: Suspicion,
    answer: 'connected' | 'refused' | 'unreachable',
    nowMs: number,
  ): boolean {
    if (answer === 'refused') this.giveUp(state, 'refused');
    else if (answer === 'unreachable' && proof.missed(suspicion, this.#sync.isInSync))
      this.giveUp(state, 'unreachable twice');
    if (state.suspicion === undefined) return false;
    state.askAtMs = nowMs + askIntervalMs;
    this.#board.schedule(state.askAtMs);
    return true;
  }

  /** A suspect gave a bad answer, which may be one too many; returns whether the node is still held. */
  answeredBadly(state: NodeState, suspicion: Suspicion): boolean {
    if (!proof.isStranger(suspicion)) return true;
    this.giveUp(state, 'three bad answers');
    return false;
  }

  /** Gives up suspects whose time is over, and schedules the end of the others. `listed`: how many nodes are on the roll. */
  tick(listed: number, nowMs: number): void {
    const syncedMs = this.#sync.at(nowMs);
    if (listed === 0) this.#listedSinceMs = undefined;
    else this.#listedSinceMs ??= syncedMs;
    if (!this.#sync.isInSync) return;
    for (const state of [...this.#held.values()]) {
      const { suspicion } = state;
      if (suspicion === undefined) continue;
      const leftMs = suspicion.heldAtMs + this.#lastsMs(suspicion) - syncedMs;
      if (leftMs <= 0) this.giveUp(state, 'not listed again in time');
      else this.#board.schedule(nowMs + leftMs);
    }
  }

  #lastsMs({ reason, hasAnswered, heldAtMs }: Suspicion): number {
    const { holdMs, lastHoldMs } = this.#limits;
    if (reason === 'deregistered' || !hasAnswered) return holdMs;
    if (this.#listedSinceMs === undefined) return lastHoldMs;
    // A roll that fills again one by one: the remaining suspects get the usual time from the first node that is back.
    return Math.min(lastHoldMs, Math.max(holdMs, this.#listedSinceMs - heldAtMs + holdMs));
  }
}
