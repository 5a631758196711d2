import { manualClock } from '@rollcall/core/testing';
import { expect, it } from 'vitest';
import { LeaseClock } from '../src/roll/lease-clock.ts';

/** A clock whose time jumps, with the CPU time that the process used meanwhile. */
function jumping() {
  const manual = manualClock();
  let [jumped, busy] = [0, 0];
  const clock = new LeaseClock({ ...manual, now: () => manual.now() + jumped }, () => busy);
  return {
    clock,
    jump(ms: number, busyMs: number): void {
      jumped += ms;
      busy += busyMs;
    },
  };
}

it('the lease clock leaves out the time for which the process was stopped', () => {
  const { clock, jump } = jumping();
  const before = clock.now();
  jump(60_000, 3);
  expect(clock.now() - before).toBeLessThanOrEqual(250);
});

it('the lease clock of a process that computes without a break loses only a moment each time', () => {
  const { clock, jump } = jumping();
  const before = clock.now();
  for (let round = 0; round < 6; round += 1) {
    jump(2_800, 2_780);
    clock.now();
    jump(500, 100);
  }
  // The clock finds six pauses of 250 ms; each used to count as a pause of 2,550 ms.
  expect(clock.now() - before).toBeGreaterThan(6 * (2_800 + 500) - 6 * 260);
});

it('the lease clock counts as a pause only the part of a gap in which the process did not compute', () => {
  const { clock, jump } = jumping();
  const before = clock.now();
  jump(10_000, 4_000);
  expect(clock.now() - before).toBe(4_000);
});
