import { RegistryError } from '@rollcall/core';
import type { Candidate, RandomBelow, Strategy } from '../picking.ts';
import { hash, seeds } from './hash.ts';

/** A prime, independent of the number of nodes: a table size that followed it would move nearly every key at each change. */
const slots = 65_537;
const empty = 0xffff_ffff;
const defaultBound = 1.25;

/** Maglev: the nodes in turn take the next free slot of their own permutation. A node of half the weight gets every second turn. */
function maglev(ids: readonly string[], shares: readonly number[]): Uint32Array {
  const table = new Uint32Array(slots).fill(empty);
  const turns = shares.map(() => 0);
  const next = ids.map((id) => hash(id, seeds.offset) % slots);
  const skips = ids.map((id) => (hash(id, seeds.skip) % (slots - 1)) + 1);
  for (let filled = 0; ; ) {
    for (let index = 0; index < ids.length; index += 1) {
      const turn = (turns[index] ?? 0) + (shares[index] ?? 1);
      turns[index] = turn % 1;
      if (turn < 1) continue;
      const skip = skips[index] ?? 1;
      let slot = next[index] ?? 0;
      while (table[slot] !== empty) slot = (slot + skip) % slots;
      table[slot] = index;
      next[index] = slot;
      filled += 1;
      if (filled === slots) return table;
    }
  }
}

/**
 * Weights relative to the largest. They come from the records, because slow start differs from client to client and
 * keys must not. A weight is worth at least one slot.
 */
function sharesOf(candidates: readonly Candidate[]): readonly number[] {
  const weights = candidates.map(({ node }) => node.weight);
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  return weights.map((weight) => (largest === 0 ? 1 : Math.max(weight / largest, 1 / slots)));
}

/**
 * Sends the same key to the same node, on every client that sees the same nodes. When one of N leaves, 1/N + < 1 % of
 * the keys move. Without a key: random. A node of twice the weight (metadata `weight`) has twice the keys.
 *
 * `bound`: a node with more pending than ceil(bound x mean pending x its weight) passes the key on. Default 1.25 (range
 * 1.05..4; Infinity: never). Lower spreads load better and moves more keys.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a bound out of range.
 */
export function byKey(options: { readonly bound?: number | undefined } = {}): Strategy {
  const { bound = defaultBound } = options;
  if (bound !== Number.POSITIVE_INFINITY && !(bound >= 1.05 && bound <= 4))
    throw new RegistryError('INVALID_ARGUMENT', `bound must be 1.05..4 or Infinity, got ${bound}`);
  return (candidates) => {
    const count = candidates.length;
    const shares = sharesOf(candidates);
    const sum = shares.reduce((total, share) => total + share, 0);
    const ids = candidates.map(({ node }) => node.id);
    const table = maglev(ids, shares);
    const isFull = (index: number, pending: number): boolean =>
      (candidates[index] as Candidate).pending >= Math.ceil((bound * (pending + 1) * (shares[index] as number)) / sum);
    return (request, random: RandomBelow) => {
      const { key } = request;
      if (key === undefined) return random(count);
      const slot = hash(key, seeds.slot) % slots;
      const home = table[slot] ?? 0;
      if ((candidates[home] as Candidate).pending === 0 || bound === Number.POSITIVE_INFINITY) return home;
      for (let step = 0; step < slots; step += 1) {
        const index = table[(slot + step) % slots] ?? 0;
        if (!isFull(index, request.pending)) return index;
      }
      return home;
    };
  };
}
