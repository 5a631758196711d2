import { latencyTauMs } from '../defaults.ts';
import type { Candidate, RandomBelow, Strategy } from '../picking.ts';

/** Latencies within this factor count as equal; otherwise a single stall would starve a healthy node. */
const sameLatency = 2;

const faded = ({ latencyMs, sampledAtMs }: Candidate, nowMs: number): number =>
  latencyMs * Math.exp((sampledAtMs - nowMs) / latencyTauMs);

/** Whether `a` is better than `b`. A latency of 0 says nothing yet, so that an untried node does not attract every call. */
function beats(a: Candidate, b: Candidate, nowMs: number): boolean {
  const left = (a.pending + 1) / a.weight;
  const right = (b.pending + 1) / b.weight;
  const leftMs = faded(a, nowMs);
  const rightMs = faded(b, nowMs);
  const isSame = leftMs <= sameLatency * rightMs && rightMs <= sameLatency * leftMs;
  return isSame || leftMs === 0 || rightMs === 0 ? left < right : left * leftMs < right * rightMs;
}

/**
 * The default: the best of three random nodes by (pending + 1) x latency / weight, where latencies within a factor of 2
 * count as equal. O(1).
 */
export const byLoad: Strategy = (candidates) => {
  const count = candidates.length;
  const better = (best: number, random: RandomBelow, nowMs: number): number => {
    const index = random(count);
    return beats(candidates[index] as Candidate, candidates[best] as Candidate, nowMs) ? index : best;
  };
  return (request, random) => {
    const { nowMs } = request;
    if (count === 1) return 0;
    return better(better(random(count), random, nowMs), random, nowMs);
  };
};
