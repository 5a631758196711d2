import type { Strategy } from '../picking.ts';

/** Most turns of the node with the largest weight, which is the resolution of weights. */
const mostTurns = 100;
/** Longest table, whatever the number of nodes. */
const longestTable = 65_536;

/** The turns of each node, spread evenly over the table: turn j of c is due at (j + 0.5) / c. */
function table(weights: readonly number[]): Uint32Array {
  const largest = Math.max(...weights);
  const turnsOfLargest = Math.max(1, Math.min(mostTurns, Math.floor(longestTable / weights.length)));
  // Small whole weights are used as turns, so that shares are exact.
  const areTurns = largest <= turnsOfLargest && weights.every(Number.isInteger);
  const turns: { readonly due: number; readonly index: number }[] = [];
  for (const [index, weight] of weights.entries()) {
    const count = largest === 0 ? 1 : areTurns ? weight : Math.round((weight / largest) * turnsOfLargest);
    const atLeast = weight > 0 ? Math.max(1, count) : count;
    for (let turn = 0; turn < atLeast; turn += 1) turns.push({ due: (turn + 0.5) / atLeast, index });
  }
  turns.sort((a, b) => a.due - b.due || a.index - b.index);
  return Uint32Array.from(turns, ({ index }) => index);
}

/** Smooth weighted turns, from a table that is built per view: O(1) a pick. */
export const byWeight: Strategy = (candidates) => {
  const turns = table(candidates.map(({ weight }) => weight));
  const count = turns.length;
  let at = -1;
  return (_request, random) => {
    at = at < 0 ? random(count) : at + 1 === count ? 0 : at + 1;
    return turns[at] ?? 0;
  };
};
