import { describe, expect, it } from 'vitest';
import type { Result } from '../src/rule/health.ts';
import { ServiceRule } from '../src/rule/service-rule.ts';
import { defaultLimits } from '../src/settings/limits.ts';
import { remoteNode } from './golden/play.ts';

const ids = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, index) => `${from + index}`);

/** A rule under test; every node that the rule probes accepts the connection. */
class Bench {
  readonly rule = new ServiceRule(defaultLimits, () => 0.5);

  constructor(count: number) {
    this.list(ids(0, count), -1_000_000);
    this.rule.synced(-1_000_000);
    this.at(0);
    for (const state of this.rule.board.states.values()) state.lastGoodMs = -1_000;
  }

  list(nodes: readonly string[], nowMs: number): void {
    for (const id of nodes) this.rule.put(remoteNode(id), nowMs);
    this.#answer(nowMs);
  }

  remove(nodes: readonly string[], nowMs: number): void {
    this.rule.remove(
      nodes.map((id) => ({ id, reason: 'unknown' })),
      nowMs,
    );
    this.#answer(nowMs);
  }

  report(id: string, result: Result, nowMs: number): void {
    const state = this.rule.board.states.get(id);
    if (state !== undefined) this.rule.report(state, result, nowMs);
  }

  /** Lets time pass until `nowMs`. */
  at(nowMs: number): this {
    while (this.rule.board.nextAtMs <= nowMs) {
      const dueMs = this.rule.board.nextAtMs;
      this.rule.tick(dueMs);
      this.#answer(dueMs);
    }
    return this;
  }

  get known(): number {
    return this.rule.board.states.size;
  }

  tier(id: string): string | undefined {
    return this.rule.board.states.get(id)?.tier;
  }

  #answer(nowMs: number): void {
    for (let asks = this.rule.board.takeAsks(); asks.length > 0; asks = this.rule.board.takeAsks())
      for (const state of asks) this.rule.answered(state, 'connected', nowMs);
  }
}

describe('the mass-loss guard', () => {
  it('a newcomer that stood in for a lost node does not stand in for another lost node', () => {
    const bench = new Bench(10);
    bench.list(ids(10, 20), 0);
    bench.remove(ids(0, 10), 500);
    expect(bench.at(150_000).known).toBe(10);
    bench.remove(ids(10, 15), 150_000);
    expect(bench.rule.suspects).toBe(5);
  });

  it('the mass-loss guard gives the last nodes of a service time to be listed again one by one', () => {
    const bench = new Bench(3);
    bench.remove(ids(0, 3), 0);
    for (let ms = 5_000; ms <= 300_000; ms += 5_000) {
      bench.at(ms);
      for (const id of ids(0, 3)) bench.report(id, 'ok', ms);
    }
    expect(bench.known).toBe(3);
    bench.list(['0'], 300_000);
    expect(bench.at(330_000).known).toBe(3);
    bench.list(['1', '2'], 330_000);
    expect(bench.rule.suspects).toBe(0);
    expect(bench.at(500_000).known).toBe(3);
  });

  it('nodes of the snapshot file that the registry does not list count as lost', () => {
    const rule = new ServiceRule(defaultLimits, () => 0.5);
    for (const id of ids(0, 4)) rule.restore(remoteNode(id), 0);
    expect(rule.hasRestored).toBe(true);
    rule.put(remoteNode('0'), 10);
    rule.synced(20);
    expect([rule.hasRestored, rule.suspects]).toEqual([false, 3]);
  });
});

describe('ejection', () => {
  it('two timeouts in a row eject a node, unless it is the only one of its service', () => {
    const bench = new Bench(3);
    for (const ms of [100, 200]) bench.report('0', 'timeout', ms);
    expect(bench.tier('0')).toBe('ejected');
    const single = new Bench(1);
    for (const ms of [100, 200, 300, 400]) single.report('0', 'timeout', ms);
    expect(single.tier('0')).toBe('up');
  });

  it('a busy node and a caller that gave up do not count as failures', () => {
    const bench = new Bench(3);
    for (let ms = 0; ms < 1_000; ms += 10) bench.report('0', ms % 20 === 0 ? 'busy' : 'cancelled', ms);
    expect(bench.tier('0')).toBe('up');
    expect(bench.rule.board.states.get('0')?.latencyMs).toBeGreaterThan(0);
  });

  it('the first bad answer in a trial ejects a node for twice as long', () => {
    const bench = new Bench(4);
    for (let ms = 0; ms < 50; ms += 10) bench.report('0', 'failed', ms);
    bench.at(5_100);
    expect(bench.rule.board.states.get('0')?.ejection).toMatchObject({ isOnTrial: true });
    bench.report('0', 'failed', 5_200);
    expect(bench.rule.board.states.get('0')?.ejection).toMatchObject({ isOnTrial: false, untilMs: 15_200 });
  });
});

describe('slow start', () => {
  it('the weight of a newcomer grows over ten seconds, but not when all nodes are new', () => {
    const bench = new Bench(2);
    bench.list(['2'], 0);
    const weights = [100, 5_100, 10_100].map((ms) => bench.at(ms).rule.board.states.get('2')?.weight);
    expect(weights[0]).toBe(0.1);
    expect(weights[1]).toBeCloseTo(0.5, 1);
    expect(weights[2]).toBe(1);
    const cold = new Bench(0);
    cold.list(['0', '1'], 0);
    expect(cold.at(100).rule.board.states.get('0')?.weight).toBe(1);
  });
});
