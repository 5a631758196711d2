import type { Strategy } from '../picking.ts';

/** Picks at random, each node with equal chance. */
export const byRandom: Strategy = (candidates) => {
  const count = candidates.length;
  return (_request, random) => random(count);
};

/** Picks in turn, from a random start, so that a fleet of clients does not ask in step. */
export const byTurn: Strategy = (candidates) => {
  const count = candidates.length;
  let at = -1;
  return (_request, random) => {
    at = at < 0 ? random(count) : at + 1 === count ? 0 : at + 1;
    return at;
  };
};
