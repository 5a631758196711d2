/**
 * The rule of one service: it derives the tier of each node from what the registry says and from the results of
 * requests and probes. It has no timer and no socket: time is an argument, {@link Board.takeAsks} names the nodes to
 * ask, and `board.nextAtMs` says when `tick` is due.
 */
import type { DeleteReason } from '@rollcall/core';
import { askIntervalMs, lossWindowMs, newcomerMs } from '../defaults.ts';
import type { RemoteNode } from '../picking.ts';
import { Board } from './board.ts';
import { type EjectionLimits, Ejections } from './ejection.ts';
import { type GuardLimits, MassLossGuard } from './guard.ts';
import { Health, type Result } from './health.ts';
import { Latencies } from './latency.ts';
import { NodeState } from './node-state.ts';
import { growWeights } from './slow-start.ts';
import { type HoldLimits, Suspects } from './suspects.ts';
import { SyncClock } from './sync-clock.ts';

/** Numbers of the rule. Undefined `guard`: every removal is believed. */
export interface RuleLimits {
  readonly guard: GuardLimits | undefined;
  readonly hold: HoldLimits;
  readonly ejection: EjectionLimits;
  readonly slowStartMs: number;
}

/** Result of a probe. `unknown`: this process could not make it (no socket left), or it showed nothing. */
export type Answer = 'connected' | 'refused' | 'unreachable' | 'unknown';

/** How soon a node is asked again after a probe that could not be made. Milliseconds. */
const askAgainMs = 1_000;

/** The rule of one service; see the top of the file. */
export class ServiceRule {
  readonly board: Board = new Board();
  readonly sync: SyncClock = new SyncClock();
  readonly #guard: MassLossGuard;
  readonly #suspects: Suspects;
  readonly #health: Health;
  readonly #slowStartMs: number;
  /** Nodes that were restored from a file, and not yet confirmed by the registry. */
  readonly #unconfirmed = new Set<string>();
  #hasBeenSynced = false;

  /** `random` in [0, 1) draws the jitter of ejections. */
  constructor({ guard, hold, ejection, slowStartMs }: RuleLimits, random: () => number) {
    const { board } = this;
    this.#guard = new MassLossGuard(guard);
    this.#suspects = new Suspects(board, this.#guard, this.sync, hold);
    const ejections = new Ejections(ejection, random);
    this.#health = new Health({ board, suspects: this.#suspects, ejections, latencies: new Latencies() });
    this.#slowStartMs = slowStartMs;
  }

  /** Nodes whose removal is not believed. */
  get suspects(): number {
    return this.#suspects.size;
  }

  /** Whether restored nodes still wait for confirmation. */
  get hasRestored(): boolean {
    return this.#unconfirmed.size > 0;
  }

  /** Restores a node of the last run. */
  restore(node: RemoteNode, nowMs: number): void {
    this.put(node, nowMs);
    this.#unconfirmed.add(node.id);
  }

  /** Takes a node that the registry lists, or its changed record. */
  put(node: RemoteNode, nowMs: number): void {
    this.#unconfirmed.delete(node.id);
    const known = this.board.states.get(node.id);
    const state = known ?? this.#arrive(node, nowMs);
    if (state.suspicion !== undefined) {
      this.#guard.returned(node.id);
      this.#suspects.release(state);
    }
    const hasMoved = state.node.address !== node.address;
    const isDoubted = node.late === true && (state.node.late !== true || known === undefined);
    const grown = known === undefined || state.node.weight === 0 ? 1 : state.weight / state.node.weight;
    state.weight = node.weight * grown;
    state.node = node;
    if (hasMoved) {
      state.ejection = undefined;
      state.ejections = 0;
    }
    if (hasMoved || isDoubted) state.isProven = false;
    if (!state.isProven) this.board.ask(state, isDoubted ? 'late' : 'newcomer');
    this.board.changed();
    this.board.schedule(nowMs);
  }

  /** The registry removed nodes. */
  remove(removed: readonly { readonly id: string; readonly reason: DeleteReason }[], nowMs: number): void {
    const gone = removed.flatMap(({ id, reason }) => {
      const state = this.board.states.get(id);
      if (state === undefined || state.suspicion !== undefined) return [];
      this.board.delete(state);
      return [{ state, reason }];
    });
    if (gone.length === 0) return;
    const { held, believed, recalled } = this.#guard.judge(gone, this.#listing(nowMs), nowMs);
    for (const { state } of believed) this.board.tell('gone', state);
    for (const departure of [...held, ...recalled]) this.#suspects.hold(departure, nowMs);
    this.board.schedule(nowMs);
  }

  /** Everything that the registry has told so far is true. */
  synced(nowMs: number): void {
    this.sync.synced(nowMs);
    this.#hasBeenSynced = true;
    const missing = [...this.#unconfirmed].map((id) => ({ id, reason: 'unknown' as const }));
    this.#unconfirmed.clear();
    this.remove(missing, nowMs);
    this.board.schedule(nowMs);
  }

  /** Notes that the registry is lost. The known nodes stay. */
  interrupted(nowMs: number): void {
    this.sync.interrupted(nowMs);
  }

  /** Takes the result of a request to a node. */
  report(state: NodeState, result: Result, nowMs: number, latencyMs?: number): void {
    if (this.board.states.get(state.id) === state) this.#health.report(state, result, nowMs, latencyMs);
  }

  /** Asks a node by TCP when a request has had no answer for a while and the node has answered no other meanwhile. */
  stuck(state: NodeState, sinceMs: number): void {
    if (state.heardAtMs < sinceMs && state.ejection === undefined) this.board.ask(state, 'stuck');
  }

  /** Takes the result of a probe. */
  answered(state: NodeState, answer: Answer, nowMs: number): void {
    const why = state.asking ?? 'newcomer';
    state.asking = undefined;
    state.askAtMs = Number.POSITIVE_INFINITY;
    if (this.board.states.get(state.id) !== state) return;
    if (answer === 'unknown') {
      if (!state.isUp || state.ejection !== undefined) this.#askAt(state, nowMs + askAgainMs);
      return;
    }
    const { suspicion } = state;
    if (suspicion !== undefined && !this.#suspects.asked(state, suspicion, answer, nowMs)) return;
    if (state.node.late && suspicion === undefined) this.#askAt(state, nowMs + askIntervalMs);
    this.#health.asked(state, why, answer === 'connected', nowMs);
  }

  /** Time has passed. */
  tick(nowMs: number): void {
    this.board.rescheduled();
    for (const state of this.board.states.values()) {
      if (state.askAtMs > nowMs) this.board.schedule(state.askAtMs);
      else this.board.ask(state, state.suspicion === undefined ? 'late' : 'suspect');
    }
    this.#health.tick(nowMs);
    this.#suspects.tick(this.board.states.size - this.#suspects.size, nowMs);
    growWeights(this.board, this.#slowStartMs, nowMs);
  }

  #arrive(node: RemoteNode, nowMs: number): NodeState {
    const remembered = this.#guard.returned(node.id);
    // Until the first answer is complete every node counts as old, and so does a node that comes back.
    const listedAtMs = this.#hasBeenSynced && remembered === undefined ? nowMs : Number.NEGATIVE_INFINITY;
    const state = remembered ?? new NodeState(node, listedAtMs);
    state.isProven = false;
    state.listedAtMs = listedAtMs;
    this.board.add(state);
    return state;
  }

  #askAt(state: NodeState, atMs: number): void {
    state.askAtMs = atMs;
    this.board.schedule(atMs);
  }

  #listing(nowMs: number): { readonly listed: number; readonly settled: number; readonly newcomers: number } {
    let [listed, settled, newcomers] = [0, 0, 0];
    for (const { suspicion, listedAtMs } of this.board.states.values()) {
      if (suspicion !== undefined) continue;
      listed += 1;
      if (nowMs - listedAtMs >= lossWindowMs) settled += 1;
      if (nowMs - listedAtMs < newcomerMs) newcomers += 1;
    }
    return { listed, settled, newcomers };
  }
}
