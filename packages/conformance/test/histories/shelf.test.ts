import { manualClock } from '@rollcall/core/testing';
import { describe, it } from 'vitest';
import { checkHistories } from '../../src/histories/index.ts';
import { openShelf, shelfHarness } from '../shelf/shelf-registry.ts';

const coarse = {
  minTtlMs: 200,
  ttlResolutionMs: 100,
  propagationMs: 60,
  removesOthers: 'own',
  takesOver: false,
  durable: false,
} as const;

for (const [name, limits] of [
  ['a durable backend that can do everything', {}],
  ['a backend that can do little, and late', coarse],
] as const) {
  for (const faults of [false, true]) {
    const clock = manualClock();
    checkHistories(name, shelfHarness(limits, openShelf, 1, clock), { runs: 300, clock, faults }, { describe, it });
  }
}

// The call that causes a fault resolves late, so watchers notice earlier that the backend was wiped, or lost its
// records in a restart.
const clock = manualClock();
const harness = shelfHarness({ durable: false }, openShelf, 1, clock);
const { faults } = harness;
const lateBy = (act: (() => Promise<void>) | undefined) => async (): Promise<void> => {
  await act?.();
  await clock.advance(3_000);
};
const late = faults && { ...faults, wipe: lateBy(faults.wipe), start: lateBy(faults.start) };
checkHistories(
  'a backend that is back before its operator hears of it',
  { ...harness, faults: late },
  { runs: 100, clock, faults: true },
  { describe, it },
);
