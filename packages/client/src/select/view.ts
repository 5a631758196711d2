/** The view of one selection: which nodes match, from which tier a pick comes, and the tree that it goes through. */
import type { RemoteNode, Strategy } from '../picking.ts';
import type { NodeState } from '../rule/node-state.ts';
import { hash, seeds } from '../strategy/hash.ts';
import { branch, type Leaf, leaf, type Tree } from './tree.ts';

/** {@link SelectOptions}, checked and with defaults. */
export interface Selecting {
  readonly strategy: Strategy;
  /** Version and filter. */
  readonly matches: (node: RemoteNode) => boolean;
  /** Canary sides in order; the rest are nodes that match none. */
  readonly split: readonly { readonly matches: (version: string) => boolean; readonly share: number }[];
  readonly zone: { readonly name: string; readonly overprovision: number; readonly minNodes: number } | undefined;
  /** 0: all nodes. */
  readonly subsetSize: number;
}

/** Immutable, except for the figures inside its leaves. */
export interface View {
  /** All matching nodes, sorted by id. */
  readonly matched: readonly NodeState[];
  readonly nodes: readonly RemoteNode[];
  /** Where picks come from; undefined: there is nothing to pick. */
  readonly tree: Tree | undefined;
  /** Whether picks come from the first tier. */
  readonly isUp: boolean;
  /** Whether picks come from the last tiers, because all nodes are out. */
  readonly isOut: boolean;
  /** The input of the leaves, for comparison by the next view. */
  readonly leaves: readonly Leaf[];
}

/** The view before anything is known. */
export const emptyView: View = { matched: [], nodes: [], tree: undefined, isUp: false, isOut: false, leaves: [] };

/** The first tier that is not empty. Nodes of weight 0 count only where there is no other node. */
function firstTier(matched: readonly NodeState[]): readonly NodeState[] {
  const tiers = matched.map(({ tier }) => tier);
  for (const wanted of ['up', 'unproven'] as const)
    for (const isWeighted of [true, false]) {
      const found = matched.filter(({ node }, index) => tiers[index] === wanted && (!isWeighted || node.weight > 0));
      if (found.length > 0) return found;
    }
  const weighted = matched.filter(({ node }) => node.weight > 0);
  return weighted.length > 0 ? weighted : matched;
}

/** The first nodes of the tier in this client's own order. A node that drops out is replaced by the next. */
function subset(candidates: readonly NodeState[], size: number): readonly NodeState[] {
  if (size === 0 || candidates.length <= size) return candidates;
  const chosen = new Set([...candidates].sort((a, b) => a.rank - b.rank).slice(0, size));
  return candidates.filter((state) => chosen.has(state));
}

/** Builds the tree of one view. Leaves of the last view are reused where nothing changed. */
class Builder {
  readonly leaves: Leaf[] = [];
  readonly #selecting: Selecting;
  readonly #earlier: readonly Leaf[];

  constructor(selecting: Selecting, earlier: readonly Leaf[]) {
    this.#selecting = selecting;
    this.#earlier = earlier;
  }

  sides(candidates: readonly NodeState[], matched: readonly NodeState[]): Tree | undefined {
    const { split } = this.#selecting;
    if (split.length === 0) return this.#zones(candidates, matched);
    const sideOf = ({ node }: NodeState): number => split.findIndex(({ matches }) => matches(node.version));
    const trees = [...split, { share: 1 - split.reduce((sum, { share }) => sum + share, 0) }].map(
      ({ share }, index) => {
        const isHere = (state: NodeState): boolean => sideOf(state) === (index === split.length ? -1 : index);
        return { share: Math.max(0, share), tree: this.#zones(candidates.filter(isHere), matched.filter(isHere)) };
      },
    );
    return branch(seeds.split, trees);
  }

  #zones(candidates: readonly NodeState[], matched: readonly NodeState[]): Tree | undefined {
    const { zone } = this.#selecting;
    if (zone === undefined) return this.#leaf(candidates);
    const isHome = ({ node }: NodeState): boolean => node.zone === zone.name;
    const home = candidates.filter(isHome);
    const up = home.filter(({ tier }) => tier === 'up').length;
    if (up < zone.minNodes || up === 0) return this.#leaf(candidates);
    const share = Math.min(1, (zone.overprovision * up) / matched.filter(isHome).length);
    if (share === 1) return this.#leaf(home);
    const away = candidates.filter((state) => !isHome(state));
    return branch(seeds.zone, [
      { share, tree: this.#leaf(home) },
      { share: 1 - share, tree: this.#leaf(away) },
    ]);
  }

  #leaf(candidates: readonly NodeState[]): Leaf | undefined {
    const built = leaf(
      subset(candidates, this.#selecting.subsetSize),
      this.#selecting.strategy,
      this.#earlier[this.leaves.length],
    );
    if (built !== undefined) this.leaves.push(built);
    return built;
  }
}

/** The view of a service's nodes, sorted by id, under a selection. */
export function buildView(states: readonly NodeState[], selecting: Selecting, earlier: View): View {
  const matched = states.filter(({ node }) => selecting.matches(node));
  const candidates = firstTier(matched);
  const builder = new Builder(selecting, earlier.leaves);
  const tree = builder.sides(candidates, matched);
  const nodes = Object.freeze(matched.map(({ node }) => node));
  const tier = candidates[0]?.tier;
  const isOut = tier === 'ejected' || tier === 'unreachable';
  return { matched, nodes, tree, isUp: tier === 'up', isOut, leaves: builder.leaves };
}

/** The rank of a node for a client, for {@link Selecting.subsetSize}. */
export const rankOf = (clientId: string, nodeId: string): number => hash(`${clientId}\0${nodeId}`, seeds.subset);
