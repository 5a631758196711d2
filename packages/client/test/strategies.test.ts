import { describe, expect, it } from 'vitest';
import type { Candidate, PickRequest, RandomBelow, Strategy } from '../src/index.ts';
import { byKey, byLoad, byRandom, byTurn, byWeight } from '../src/index.ts';
import { smallRandom } from '../src/strategy/random.ts';

/** Random numbers that are reproducible, and even enough for counting. */
function randomFrom(seed: number): RandomBelow {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((state >>> 8) / 0x100_0000) * below);
  };
}

interface Figures {
  weight: number;
  pending: number;
  latencyMs: number;
  sampledAtMs: number;
}

function candidate(id: string, figures: Partial<Figures> = {}): Candidate & Figures {
  const place = { id, address: '192.0.2.1:80', metadata: {}, service: 's', version: '', host: '192.0.2.1', port: 80 };
  const node = { ...place, zone: '', weight: 1 };
  return { node, weight: 1, pending: 0, latencyMs: 0, sampledAtMs: 0, ...figures };
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const request: PickRequest = { key: undefined, nowMs: 0, pending: 0 };

function shares(strategy: Strategy, candidates: readonly Candidate[], picks: number): number[] {
  const choose = strategy(candidates);
  const random = randomFrom(7);
  const counts = candidates.map(() => 0);
  for (let pick = 0; pick < picks; pick += 1) {
    const index = choose(request, random);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

const spread = (counts: readonly number[]): number => Math.max(...counts) / Math.min(...counts);

describe('the random numbers of a client', () => {
  it('random numbers are even over any range, and differ from client to client', () => {
    const random = smallRandom();
    for (const below of [1, 3, 10, 1_000]) {
      const counts = new Array<number>(below).fill(0);
      for (let draw = 0; draw < 1_000 * below; draw += 1) {
        const drawn = random(below);
        counts[drawn] = (counts[drawn] ?? 0) + 1;
      }
      expect(counts).toHaveLength(below);
      expect(Math.min(...counts)).toBeGreaterThan(800);
      expect(Math.max(...counts)).toBeLessThan(1_200);
    }
    const other = smallRandom();
    expect(Array.from({ length: 8 }, () => random(1_000))).not.toEqual(Array.from({ length: 8 }, () => other(1_000)));
  });
});

describe('strategies', () => {
  it('byRandom and byLoad give equal nodes equal shares, and byTurn exactly equal ones from a random start', () => {
    const equal = ids(10).map((id) => candidate(id, { latencyMs: 10 }));
    expect(spread(shares(byRandom, equal, 20_000))).toBeLessThan(1.2);
    expect(spread(shares(byLoad, equal, 20_000))).toBeLessThan(1.2);
    expect(shares(byTurn, equal, 100)).toEqual(equal.map(() => 10));
    expect([3, 8].map((start) => byTurn(equal)(request, () => start))).toEqual([3, 8]);
  });

  it('byLoad counts latencies within a factor of two as equal, and avoids a node that is slower than that', () => {
    const near = ids(10).map((id, index) => candidate(id, { latencyMs: 10 + index }));
    expect(spread(shares(byLoad, near, 20_000))).toBeLessThan(1.2);
    const slow = [candidate('slow', { latencyMs: 100 }), ...ids(9).map((id) => candidate(id, { latencyMs: 10 }))];
    expect(shares(byLoad, slow, 20_000)[0]).toBeLessThan(200);
  });

  it('byLoad tries a slow node again when its latency is old, and does not send every call to an untried node', () => {
    const nodes = [candidate('slow', { latencyMs: 100 }), candidate('b', { latencyMs: 10, sampledAtMs: 40_000 })];
    const choose = byLoad(nodes);
    const random = randomFrom(3);
    const picks = Array.from({ length: 100 }, () => choose({ ...request, nowMs: 40_000 }, random));
    expect(picks).toContain(0);
    const untried = [candidate('new', { pending: 5 }), ...ids(5).map((id) => candidate(id, { latencyMs: 10 }))];
    expect(shares(byLoad, untried, 600)[0]).toBeLessThan(30);
  });

  it('byWeight gives each node its share, smoothly, and a node of weight 0 nothing', () => {
    const nodes = [candidate('a', { weight: 3 }), candidate('b', { weight: 1 }), candidate('c', { weight: 0 })];
    expect(shares(byWeight, nodes, 4_000)).toEqual([3_000, 1_000, 0]);
    const choose = byWeight(nodes);
    const turns = Array.from({ length: 400 }, () => choose(request, () => 0)).join('');
    expect(turns).not.toMatch(/0000000|11/);
  });

  it('byKey sends a key to the same node on every client, and moves few keys when a node leaves', () => {
    const before = ids(10).map((id) => candidate(id));
    const after = before.filter(({ node }) => node.id !== 'n3');
    const choose = {
      before: byKey()(before),
      after: byKey()(after),
      other: byKey()(ids(10).map((id) => candidate(id))),
    };
    let moved = 0;
    const counts = before.map(() => 0);
    for (let key = 0; key < 10_000; key += 1) {
      const asked = { ...request, key: `user-${key}` };
      const index = choose.before(asked, () => 0);
      counts[index] = (counts[index] ?? 0) + 1;
      expect(choose.other(asked, () => 0)).toBe(index);
      if (before[index]?.node.id !== after[choose.after(asked, () => 0)]?.node.id) moved += 1;
    }
    expect(moved / 10_000).toBeLessThan(0.12);
    expect(spread(counts)).toBeLessThan(1.3);
  });

  it('byKey gives a node of twice the weight twice the keys, moves few when a weight changes, and none in a slow start', () => {
    const weighted = (weights: readonly number[], grown = 1): readonly Candidate[] =>
      weights.map((weight, index) => {
        const { node, ...figures } = candidate(`n${index}`, { weight: weight * grown });
        return { ...figures, node: { ...node, weight } };
      });
    const nodes = weighted([1, 2, 1, 4]);
    const choose = byKey()(nodes);
    const later = byKey()(weighted([1, 2, 1, 4], 0.3));
    const changed = byKey()(weighted([1, 2, 2, 4]));
    const counts = nodes.map(() => 0);
    let moved = 0;
    for (let key = 0; key < 16_000; key += 1) {
      const asked = { ...request, key: `user-${key}` };
      const index = choose(asked, () => 0);
      counts[index] = (counts[index] ?? 0) + 1;
      expect(later(asked, () => 0)).toBe(index);
      if (changed(asked, () => 0) !== index) moved += 1;
    }
    for (const [index, share] of [2_000, 4_000, 2_000, 8_000].entries())
      expect(Math.abs((counts[index] ?? 0) - share)).toBeLessThan(share * 0.08);
    // The share of one node grows from 1 of 8 to 2 of 9, so about a tenth of the keys must move.
    expect(moved / 16_000).toBeLessThan(0.2);
  });

  it('byKey lets a node of twice the weight have twice as much pending before a key passes it', () => {
    const nodes = [candidate('a'), candidate('b')].map(({ node, ...figures }, index) => ({
      ...figures,
      node: { ...node, weight: index === 0 ? 3 : 1 },
    }));
    const key = ids(100).find((id) => byKey()(nodes)({ ...request, key: id }, () => 0) === 0);
    const pendingAtHome = (pending: number): number => {
      const busy = nodes.map((node, index) => ({ ...node, pending: index === 0 ? pending : 0 }));
      return byKey()(busy)({ key, nowMs: 0, pending }, () => 0);
    };
    // The node's share of the pending calls is three quarters: ceil(1.25 x (10 + 1) x 3 / 4) = 11.
    expect(pendingAtHome(10)).toBe(0);
    const unweighted = [candidate('a', { pending: 10 }), candidate('b')];
    expect(byKey()(unweighted)({ key, nowMs: 0, pending: 10 }, () => 0)).toBe(1);
  });

  it('byKey passes a key to another node when its own node is above the bound, unless the bound is Infinity', () => {
    const nodes = ids(4).map((id) => candidate(id));
    const asked = { ...request, key: 'hot' };
    const home = byKey()(nodes)(asked, () => 0);
    const busy = nodes.map((node, index) => (index === home ? { ...node, pending: 9 } : node));
    const pressed = { ...asked, pending: 9 };
    expect(byKey()(busy)(pressed, () => 0)).not.toBe(home);
    expect(byKey({ bound: Number.POSITIVE_INFINITY })(busy)(pressed, () => 0)).toBe(home);
    expect(() => byKey({ bound: 1 })).toThrow('bound must be 1.05..4 or Infinity');
  });
});
