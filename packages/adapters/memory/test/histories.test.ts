import { manualClock } from '@rollcall/core/testing';
import { describe, it } from 'vitest';
import { inFull } from '../../../backends/src/index.ts';
import { checkHistories } from '../../../conformance/src/histories/index.ts';
import { memory } from '../src/index.ts';

checkHistories(
  'memory',
  { open: (options) => memory({ namespace: 'histories', ...options }) },
  { runs: inFull ? 100_000 : 1_000, clock: manualClock() },
  { describe, it },
);
