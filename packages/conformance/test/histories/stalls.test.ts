import { afterEach, beforeEach, expect, it } from 'vitest';
import { isOver, realTime } from '../../src/histories/history-time.ts';
import { fact, NodeModel } from '../../src/histories/node-model.ts';
import { Judgement, Stalls, Unjudged } from '../../src/histories/stalls.ts';
import { now, pause } from '../../src/kit/waiting.ts';

let stalls: Stalls;
beforeEach(() => {
  stalls = new Stalls();
});
afterEach(() => stalls.stop());

/** Blocks the event loop for `ms` milliseconds. */
function standStill(ms: number): void {
  for (const end = now() + ms; now() < end; );
}

it('the stall watch knows at once, and later, for how long the process stood still', async () => {
  const before = now();
  await pause(30);
  standStill(400);
  expect(stalls.sinceMs(before)).toBeGreaterThan(330);
  await pause(60);
  const sum = stalls.sinceMs(before);
  expect(sum).toBeGreaterThan(330);
  expect(sum).toBeLessThan(now() - before);
});

it('a stall that is over does not count for times after it', async () => {
  standStill(200);
  await pause(60);
  const after = now();
  expect(stalls.sinceMs(after)).toBeLessThanOrEqual(now() - after);
});

it('a deadline is put off by the time for which the process stood still', async () => {
  const time = realTime(1, stalls);
  const startedAt = time.now();
  let done = (): void => {};
  const work = new Promise<void>((resolve) => {
    done = resolve;
  });
  const ends = time.ends('the work', 300, work);
  await pause(30);
  standStill(400);
  expect(isOver(time, startedAt, 300)).toBe(false);
  await pause(30);
  done();
  await ends;
});

it('a deadline counts as missed if the process ran and missed it', async () => {
  const ends = realTime(1, stalls).ends('the work', 50, new Promise(() => {}));
  await expect(ends).rejects.toThrow('the work took more than 50 ms');
});

it('a node may be seen, or be gone, later by the time for which the process stood still', () => {
  const lease = { startedAt: 0, ackedAt: 0, goesFrom: 200, goesBy: 300, ttlMs: 200, writer: 1 };
  const textsAt = (at: number, stalledMs: number): readonly string[] => {
    const model = new NodeModel(100, () => stalledMs);
    model.add(fact({ content: { version: '1', mark: 'x' }, ...lease }));
    return [...model.allowed({ from: at, until: at })];
  };
  expect(textsAt(150, 0)).toEqual(['version 1, mark x']);
  expect(textsAt(150, 400)).toEqual(['absent', 'version 1, mark x']);
  expect(textsAt(350, 0)).toEqual(['absent']);
  expect(textsAt(350, 400)).toEqual(['absent', 'version 1, mark x']);
  expect(textsAt(900, 400)).toEqual(['absent']);
});

it('a process that stood still counts as starved until it has run for a while', async () => {
  await pause(30);
  expect(stalls.isStarved).toBe(false);
  standStill(1_500);
  expect(stalls.isStarved).toBe(true);
});

it('a history that cannot be judged is played again, and too many of them are an error', async () => {
  const judgement = new Judgement();
  let plays = 0;
  const unjudged = async (): Promise<void> => {
    plays += 1;
    throw new Unjudged();
  };
  await judgement.play(unjudged);
  expect(plays).toBe(3);
  await judgement.play(async () => {});
  expect(() => judgement.end()).not.toThrow();
  await judgement.play(unjudged);
  expect(() => judgement.end()).toThrow('2 of 3 histories could not be judged');
  await expect(judgement.play(async () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});
