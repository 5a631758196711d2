import { afterAll, beforeAll, describe, it } from 'vitest';
import { inFull } from '../../../backends/src/index.ts';
import { checkHistories } from '../../../conformance/src/histories/index.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

const server = new ServerProcess();
const stop = async (): Promise<void> => void (await server.kill('SIGKILL'));
beforeAll(() => server.start());
afterAll(stop);

checkHistories(
  'discovery',
  {
    open: (options) => discovery({ ...options, addresses: [server.address] }),
    faults: {
      stop,
      start: () => server.start(),
      freeze: async () => server.freeze(),
      resume: async () => server.resume(),
      wipe: async () => {
        await stop();
        await server.start();
      },
    },
  },
  inFull ? { runs: 300, faults: true } : { runs: 30, together: 10 },
  { describe, it },
);
