import { manualClock } from '@rollcall/core/testing';
import { describe, it } from 'vitest';
import { inFull } from '../../../backends/src/index.ts';
import { checkHistories } from '../../../conformance/src/histories/index.ts';
import { rollOf } from './roll-registry.ts';

const clock = manualClock();

checkHistories(
  'the roll of the discovery server',
  { open: rollOf(clock) },
  { runs: inFull ? 100_000 : 1_000, clock },
  { describe, it },
);
