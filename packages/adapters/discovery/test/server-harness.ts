import type { Harness } from '../../../conformance/src/index.ts';
import { discovery } from '../src/index.ts';
import type { ServerProcess } from './server-process.ts';

/** Tells the conformance suite how to open registries at a discovery server and how to break that server. */
export const harnessOf = (server: ServerProcess): Harness => ({
  open: (options) => discovery({ ...options, addresses: [server.address] }),
  faults: {
    stop: async () => void (await server.kill('SIGKILL')),
    start: () => server.start(),
    freeze: async () => server.freeze(),
    resume: async () => server.resume(),
    wipe: () => server.wipe(),
  },
});
