import { describe, expect, it } from 'vitest';
import { RetryBudget } from '../src/rule/retry-budget.ts';

function takeAll(budget: RetryBudget, nowMs: number): number {
  let taken = 0;
  while (taken < 1_000 && budget.take(nowMs)) taken += 1;
  return taken;
}

describe('the retry budget', () => {
  it('the retry budget allows a fifth of the calls of the last ten seconds and ten more', () => {
    const budget = new RetryBudget(0.2);
    for (let call = 0; call < 100; call += 1) budget.call(5_000);
    expect(takeAll(budget, 5_000)).toBe(30);
    expect(takeAll(budget, 14_999)).toBe(0);
  });

  it('the retry budget forgets calls and repeats after ten seconds, also without any call in between', () => {
    const budget = new RetryBudget(0.2);
    for (let call = 0; call < 100; call += 1) budget.call(0);
    expect(takeAll(budget, 0)).toBe(30);
    expect(takeAll(budget, 10_000)).toBe(10);
    expect(takeAll(budget, 100_000)).toBe(10);
  });

  it('a retry share of 0 allows no repeat', () => {
    expect(new RetryBudget(0).take(0)).toBe(false);
  });
});
