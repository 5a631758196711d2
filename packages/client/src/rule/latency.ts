import { failureLatencyFactor, failureLatencyMs, latencyTauMs } from '../defaults.ts';
import type { NodeState } from './node-state.ts';

/** Weight of one call in the usual latency of a client. */
const usualWeight = 0.05;

/** The peak mean of a node, and the latency that a failure counts as: a slow node is avoided at once and forgiven slowly. */
export class Latencies {
  #usualMs = 0;

  /**
   * Takes a sample. A slower sample replaces the figure; a faster one lowers it, the more so the older the figure is.
   */
  observe(state: NodeState, sampleMs: number, nowMs: number): void {
    this.#usualMs += this.#usualMs === 0 ? sampleMs : (sampleMs - this.#usualMs) * usualWeight;
    if (sampleMs >= state.latencyMs) state.latencyMs = sampleMs;
    else {
      const kept = Math.exp(-Math.max(0, nowMs - state.sampledAtMs) / latencyTauMs);
      state.latencyMs = state.latencyMs * kept + sampleMs * (1 - kept);
    }
    state.sampledAtMs = nowMs;
  }

  /** Fast failures must not attract traffic. */
  penalise(state: NodeState, nowMs: number): void {
    state.latencyMs = Math.max(state.latencyMs, failureLatencyMs, failureLatencyFactor * this.#usualMs);
    state.sampledAtMs = nowMs;
  }

  /** Raises the figure of a busy node, which then gets less traffic, but not none. */
  strain(state: NodeState, nowMs: number): void {
    state.latencyMs = Math.max(state.latencyMs * 2, 4 * this.#usualMs, 1);
    state.sampledAtMs = nowMs;
  }
}
