import { afterAll, beforeAll, describe, it } from 'vitest';
import { inFull } from '../../../backends/src/index.ts';
import { checkHistories } from '../../../conformance/src/histories/index.ts';
import { DurableServer } from './durable-server.ts';
import { harnessOf } from './server-harness.ts';

const server = new DurableServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

checkHistories(
  'discovery with a data folder',
  harnessOf(server),
  inFull ? { runs: 300, faults: true } : { runs: 30, together: 10 },
  { describe, it },
);
