import { manualClock } from '@rollcall/core/testing';
import { describe, expect, it } from 'vitest';
import { playHistories, type Rule, rules, Violation } from '../../src/histories/index.ts';
import { mutants } from '../mutants/all-mutants.ts';
import { type Open, openShelf, shelfHarness } from '../shelf/shelf-registry.ts';

/** Each rule finds the mutant that is named beside it. */
const finds: Readonly<Record<Rule, string>> = {
  lifetime: 'expires too early',
  expiry: 'forgets the TTL',
  visibility: 'answers reads from a watch that lags',
  rest: 'removes the first node of a call only',
  watch: 'tells no initial state',
  sorted: 'sorts by locale',
  event: 'every change is a create',
  reason: 'calls an expiry a deregistration',
  order: 'swaps calls',
  closed: 'works on after close',
  ownership: 'takes back at a renewal what another took over',
  outage: 'returns [] when the backend is down',
  ends: 'ignores the deadline of a call',
  call: 'fails for an unknown id',
};

/** Seeds for rules where the shortest failing history of seed 1 breaks a related rule instead. */
const seeds: Readonly<Partial<Record<Rule, number>>> = { visibility: 2 };

const openOf = (name: string): Open => {
  const found = mutants.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no mutant "${name}"`);
  return found.open;
};

/** Plays histories against a registry and returns the violation that they find. */
async function found(open: Open, seed: number): Promise<Violation> {
  const clock = manualClock();
  const options = { runs: 1_500, seed, clock, faults: true };
  const failure = await playHistories(shelfHarness({}, open, 1, clock), options).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof Violation)) throw new Error(`histories found ${String(failure)}`);
  return failure;
}

describe.concurrent('every rule of histories finds a broken registry', { timeout: 120_000 }, () => {
  for (const [rule, mutant] of Object.entries(finds) as [Rule, string][]) {
    it(`the rule "${rules[rule]}" finds the mutant "${mutant}"`, async () => {
      const violation = await found(openOf(mutant), seeds[rule] ?? 1);
      expect(violation.rule, violation.message).toBe(rule);
      // The violation is shrunk to the openings, a few calls and the events of the watchers.
      expect(violation.lines.length, violation.message).toBeLessThanOrEqual(20);
    });
  }
});

it('a history finds a registry whose renewals do not shorten a lease', async () => {
  const { rule, lines, message } = await found(openOf('never shortens a lease'), 5);
  expect(rule, message).toBe('expiry');
  expect(lines.filter((line) => line.includes('.register(')).length, message).toBeGreaterThanOrEqual(2);
});

it('a failure is printed as a short test, with the options that replay it', async () => {
  const { message, lines } = await found(openOf('forgets the TTL'), 4);
  expect(message).toMatch(/replay it with \{ seed: 4, path: '\d+', runs: 1 \}/);
  expect(message).toContain(rules.expiry);
  expect(lines[0]).toMatch(/^const \w+ = await open\(\);$/);
  expect(lines.filter((line) => line.startsWith('await') && line.includes('.register('))).toHaveLength(1);
});

it('a failed history can be replayed by its seed and path', async () => {
  const { message } = await found(openOf('forgets the TTL'), 5);
  const [, path = ''] = /path: '(\d+)'/.exec(message) ?? [];
  const clock = manualClock();
  const again = playHistories(shelfHarness({}, openOf('forgets the TTL'), 1, clock), {
    ...{ seed: 5, path, runs: 1, clock, faults: true },
  });
  await expect(again).rejects.toThrow(`replay it with { seed: 5, path: '${path}', runs: 1 }`);
});

it('options of histories that contradict each other are refused', async () => {
  const harness = { open: (options?: object) => openShelf(undefined as never, options) };
  await expect(playHistories(harness, { faults: true })).rejects.toThrow('need a harness with faults');
  await expect(playHistories(shelfHarness(), { faults: true, together: 2 })).rejects.toThrow('set together to 1');
});
