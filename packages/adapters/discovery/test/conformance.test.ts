import { afterAll, beforeAll, describe, it } from 'vitest';
import { describeRegistry, type Harness } from '../../../conformance/src/index.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

/** A server of its own for each. */
const servers = [new ServerProcess(), new ServerProcess()];
const harnesses = servers.map((server): Harness => {
  const stop = async (): Promise<void> => void (await server.kill('SIGKILL'));
  return {
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
  };
});
beforeAll(async () => {
  await Promise.all(servers.map((server) => server.start()));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
});

describeRegistry('discovery', harnesses, {
  describe,
  it,
  concurrent: describe.concurrent,
  sequential: describe.sequential,
});
