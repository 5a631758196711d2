import { slowStartFloor } from '../defaults.ts';
import type { Board } from './board.ts';

/** How often growing weights are computed again. Milliseconds. */
const stepMs = 1_000;

/** Lets the weight of newcomers grow, unless all nodes are new, since then no old node could carry more. Pure in `now`. */
export function growWeights(board: Board, slowStartMs: number, nowMs: number): void {
  const states = [...board.states.values()];
  const isGrowing = ({ listedAtMs }: { readonly listedAtMs: number }): boolean => nowMs - listedAtMs < slowStartMs;
  const haveOld = states.some((state) => !isGrowing(state));
  for (const state of states) {
    const share = haveOld && isGrowing(state) ? Math.max(slowStartFloor, (nowMs - state.listedAtMs) / slowStartMs) : 1;
    const weight = state.node.weight * share;
    if (weight !== state.weight) board.changed();
    state.weight = weight;
    if (share < 1) board.schedule(nowMs + stepMs);
  }
}
