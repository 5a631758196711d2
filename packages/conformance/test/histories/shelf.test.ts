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
