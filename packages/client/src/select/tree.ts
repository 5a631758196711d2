/** The way of a pick: branches by share (canary, zones), and leaves with candidates and their strategy. */
import type { Choose, RandomBelow, Strategy } from '../picking.ts';
import type { NodeState } from '../rule/node-state.ts';
import { hash } from '../strategy/hash.ts';

/** Resolution of shares: a power of two among V8's small integers. */
export const shareUnits = 1_048_576;

/** Candidates under one strategy. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly candidates: readonly NodeState[];
  readonly weights: readonly number[];
  readonly choose: Choose;
  /** Sum of the candidates' pending attempts: counted once a millisecond, and updated by picks in between. */
  pending: number;
  countedAtMs: number;
}

/** A choice between subtrees: random, or by the key where there is one. */
export interface Branch {
  readonly kind: 'branch';
  readonly seed: number;
  /** Upper bounds, ascending; the last one is {@link shareUnits}. */
  readonly ends: readonly number[];
  readonly children: readonly Tree[];
}

/** Where picks come from. A tree is never empty. */
export type Tree = Leaf | Branch;

/** The leaf that a pick comes from. */
export function leafFor(tree: Tree, key: string | undefined, random: RandomBelow): Leaf {
  let at = tree;
  while (at.kind === 'branch') {
    const drawn = key === undefined ? random(shareUnits) : hash(key, at.seed) & (shareUnits - 1);
    let index = 0;
    while (index < at.ends.length - 1 && drawn >= (at.ends[index] as number)) index += 1;
    at = at.children[index] as Tree;
  }
  return at;
}

/** A branch over the sides that are not empty; empty sides give their shares to the others. */
export function branch(
  seed: number,
  sides: readonly { readonly share: number; readonly tree: Tree | undefined }[],
): Tree | undefined {
  const filled = sides.flatMap(({ share, tree }) => (tree === undefined ? [] : [{ share, tree }]));
  if (filled.length <= 1) return filled[0]?.tree;
  const total = filled.reduce((sum, { share }) => sum + share, 0);
  let sum = 0;
  const ends = filled.map(({ share }) => {
    sum += share;
    return total === 0 ? shareUnits : Math.round((sum / total) * shareUnits);
  });
  return { kind: 'branch', seed, ends, children: filled.map(({ tree }) => tree) };
}

const isSame = ({ candidates, weights }: Leaf, wanted: readonly NodeState[]): boolean =>
  candidates.length === wanted.length &&
  wanted.every((state, index) => state === candidates[index] && state.weight === weights[index]);

/** A leaf. It is the earlier one if its candidates and their weights are the same, since tables are expensive to build. */
export function leaf(
  candidates: readonly NodeState[],
  strategy: Strategy,
  earlier: Leaf | undefined,
): Leaf | undefined {
  if (candidates.length === 0) return undefined;
  if (earlier !== undefined && isSame(earlier, candidates)) return earlier;
  const weights = candidates.map(({ weight }) => weight);
  return { kind: 'leaf', candidates, weights, choose: strategy(candidates), pending: 0, countedAtMs: -1 };
}
