/** Picks from a view without I/O and without allocation. */
import type { PickRequest, RandomBelow } from '../picking.ts';
import type { NodeState } from '../rule/node-state.ts';
import { type Leaf, leafFor } from './tree.ts';
import { emptyView, type View } from './view.ts';

interface Request extends PickRequest {
  key: string | undefined;
  nowMs: number;
  pending: number;
}

/** Whether a node takes a request now. Views follow changes only within 10 ms, and a node on trial takes one at a time. */
const takes = ({ ejection, pending }: NodeState): boolean =>
  ejection === undefined || (ejection.isOnTrial && pending === 0);

/** How often a strategy may choose an unusable node before the picker tries the nodes in order. */
const draws = 3;

/** The picker of one selection. */
export class Picker {
  view: View = emptyView;
  readonly #random: RandomBelow;
  readonly #request: Request = { key: undefined, nowMs: 0, pending: 0 };

  constructor(random: RandomBelow) {
    this.#random = random;
  }

  /** Picks a node; undefined: there is none. `nowMs` is in whole milliseconds. `tried`: ids that come last. */
  pick(key: string | undefined, nowMs: number, tried?: ReadonlySet<string>): NodeState | undefined {
    const { tree, isOut } = this.view;
    if (tree === undefined) return undefined;
    const leaf = tree.kind === 'leaf' ? tree : leafFor(tree, key, this.#random);
    this.#count(leaf, nowMs);
    const request = this.#request;
    request.key = key;
    request.nowMs = nowMs;
    request.pending = leaf.pending;
    leaf.pending += 1;
    const { candidates } = leaf;
    const first = candidates[leaf.choose(request, this.#random)] ?? candidates[0];
    if (first === undefined || (tried === undefined && (isOut || takes(first)))) return first;
    return this.#other(leaf, request, first, tried);
  }

  /** Sums up pending attempts, once a millisecond. */
  #count(leaf: Leaf, nowMs: number): void {
    if (leaf.countedAtMs === nowMs) return;
    leaf.countedAtMs = nowMs;
    leaf.pending = 0;
    for (const { pending } of leaf.candidates) leaf.pending += pending;
  }

  #other(leaf: Leaf, request: Request, first: NodeState, tried: ReadonlySet<string> | undefined): NodeState {
    const fits = (state: NodeState): boolean => (this.view.isOut || takes(state)) && tried?.has(state.id) !== true;
    const isNew = (state: NodeState): boolean => tried?.has(state.id) !== true;
    const { candidates } = leaf;
    if (fits(first)) return first;
    for (let draw = 0; draw < draws; draw += 1) {
      const drawn = candidates[leaf.choose(request, this.#random)];
      if (drawn !== undefined && fits(drawn)) return drawn;
    }
    return this.#inTurn(candidates, fits) ?? this.#best(fits) ?? this.#best(isNew) ?? first;
  }

  #inTurn(states: readonly NodeState[], fits: (state: NodeState) => boolean): NodeState | undefined {
    const start = this.#random(states.length);
    for (let step = 0; step < states.length; step += 1) {
      const state = states[(start + step) % states.length];
      if (state !== undefined && fits(state)) return state;
    }
    return undefined;
  }

  /** All nodes that match, in the order of the tiers. */
  #best(fits: (state: NodeState) => boolean): NodeState | undefined {
    for (const isWanted of [
      ({ tier }: NodeState) => tier === 'up',
      ({ tier }: NodeState) => tier === 'unproven',
      () => true,
    ]) {
      const found = this.#inTurn(this.view.matched, (state) => isWanted(state) && fits(state));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
