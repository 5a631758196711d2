import type { Clock } from '@rollcall/core';
import { expect, it } from 'vitest';
import { listen } from '../src/network/listen.ts';

/** How many timers `listen` needs for `ms` in a process that stands still for `stallMs` at each timer. */
async function timersOf(ms: number, stallMs: number): Promise<number> {
  let timers = 0;
  let at = 0;
  const clock: Clock = {
    now: () => at,
    wallNow: () => at,
    setTimer(timerMs, done) {
      timers += 1;
      at += Math.max(timerMs, stallMs);
      queueMicrotask(done);
      return () => {};
    },
  };
  await listen(clock, ms, new AbortController().signal);
  return timers;
}

it('a process that stood still listens as often as a process that ran all the time', async () => {
  expect(await timersOf(300, 0)).toBe(6);
  expect(await timersOf(300, 3_000)).toBe(6);
  expect(await timersOf(120, 3_000)).toBe(3);
});

it('listening ends when its signal is aborted', async () => {
  const controller = new AbortController();
  const clock: Clock = { now: () => 0, wallNow: () => 0, setTimer: () => () => {} };
  const listening = listen(clock, 300, controller.signal);
  controller.abort(new Error('enough'));
  await expect(listening).rejects.toThrow('enough');
});
