import { afterAll, beforeAll, describe, it } from 'vitest';
import { inFull } from '../../../backends/src/index.ts';
import { checkHistories } from '../../../conformance/src/histories/index.ts';
import { harnessOf } from './server-harness.ts';
import { ServerProcess } from './server-process.ts';

const server = new ServerProcess();
beforeAll(() => server.start());
afterAll(() => server.kill());

checkHistories('discovery', harnessOf(server), inFull ? { runs: 300, faults: true } : { runs: 30, together: 10 }, {
  describe,
  it,
});
