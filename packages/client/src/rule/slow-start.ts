import { slowStartFloor } from '../defaults.ts';
import type { Board } from './board.ts';

/** How often growing weights are worked out anew. Milliseconds. */
const stepMs = 1_000;

/** Lets the weight of newcomers grow. Not when all are new: then there are none to be spared. Pure in `now`. */
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
