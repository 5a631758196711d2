/** When a node is ejected for its answers, for how long, and how it returns. Pure in `now`. */
import {
  ejectionJitter,
  failureSamples,
  failureShareLimit,
  failureWeight,
  forgivenAfterMs,
  timeoutsInRow,
  worseThanOthers,
} from '../defaults.ts';
import type { Ejection, NodeState } from './node-state.ts';

/** The numbers of {@link EjectionOptions}. */
export interface EjectionLimits {
  /** Whether bad answers eject at all. */
  readonly isOn: boolean;
  readonly failures: number;
  readonly baseMs: number;
  readonly maxMs: number;
  readonly maxShare: number;
}

/** Up to this many nodes the median leaves out the node itself; for more nodes it includes it. */
const exactMedian = 64;

const middle = (sorted: readonly number[]): number => sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;

/** Counts the failures of one service. */
export class Ejections {
  readonly #limits: EjectionLimits;
  readonly #random: () => number;

  /** `random` in [0, 1) decides the jitter of an ejection. */
  constructor(limits: EjectionLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Counts an answer that does not speak against the node. */
  succeeded(state: NodeState): void {
    state.failuresInRow = 0;
    state.timeoutsInRow = 0;
    state.samples += 1;
    state.failureShare *= 1 - failureWeight;
  }

  /**
   * The node failed. The weights have the effect that the limit of failures in a row, and that of timeouts, raise the
   * failure share equally, whatever these limits are.
   */
  failed(state: NodeState, isTimeout: boolean): void {
    const weight = Math.max(1, 5 / this.#limits.failures) * (isTimeout ? 5 / timeoutsInRow : 1);
    state.failuresInRow += 1;
    state.timeoutsInRow = isTimeout ? state.timeoutsInRow + 1 : 0;
    state.samples += 1;
    state.failureShare = 1 - (1 - state.failureShare) * (1 - failureWeight) ** weight;
  }

  /** Whether a node has failed often enough, and more often than the others. */
  isDue(state: NodeState, all: ReadonlyMap<string, NodeState>): boolean {
    const { isOn, failures, maxShare } = this.#limits;
    const isEnough =
      state.failuresInRow >= failures ||
      state.timeoutsInRow >= timeoutsInRow ||
      (state.samples >= failureSamples && state.failureShare > failureShareLimit);
    if (!isOn || !isEnough) return false;
    let ejected = 0;
    for (const { ejection } of all.values()) if (ejection?.kind === 'failed') ejected += 1;
    if (ejected >= Math.max(1, Math.floor(maxShare * all.size))) return false;
    const shares: number[] = [];
    for (const other of all.values()) if (other !== state || all.size > exactMedian) shares.push(other.failureShare);
    // The only node of a service cannot be worse than others.
    if (shares.length === 0) return false;
    return state.failureShare - middle(shares.sort((a, b) => a - b)) >= worseThanOthers;
  }

  /** Ejects the node, for longer with each ejection in a row; returns for how long. */
  eject(state: NodeState, kind: Ejection['kind'], nowMs: number): number {
    const { baseMs, maxMs } = this.#limits;
    const isForgiven = state.ejection === undefined && nowMs - state.returnedAtMs > forgivenAfterMs;
    state.ejections = isForgiven ? 1 : state.ejections + 1;
    const wholeMs = Math.min(maxMs, baseMs * 2 ** Math.min(30, state.ejections - 1));
    const lastsMs = wholeMs * (1 + ejectionJitter * (2 * this.#random() - 1));
    state.ejection = { kind, untilMs: nowMs + lastsMs, isOnTrial: false };
    return lastsMs;
  }

  /** Takes the node back, and forgets its failures. */
  back(state: NodeState, nowMs: number): void {
    state.ejection = undefined;
    state.returnedAtMs = nowMs;
    state.failuresInRow = 0;
    state.timeoutsInRow = 0;
    state.failureShare = 0;
    state.samples = 0;
  }
}
