import { afterAll, beforeAll, describe, it } from 'vitest';
import { describeRegistry } from '../../../conformance/src/index.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

const server = new ServerProcess();
beforeAll(() => server.start());
afterAll(async () => {
  await server.kill();
});

describeRegistry(
  'discovery',
  {
    open: (options) => discovery({ ...options, addresses: [server.address] }),
    faults: {
      stop: async () => void (await server.kill('SIGKILL')),
      start: () => server.start(),
      freeze: async () => server.freeze(),
      resume: async () => server.resume(),
      wipe: async () => {
        await server.kill('SIGKILL');
        await server.start();
      },
    },
  },
  { describe, it, concurrent: describe.concurrent },
);
