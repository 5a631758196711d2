import type { Harness } from '../../../conformance/src/index.ts';
import { discovery } from '../src/index.ts';
import type { ServerProcess } from './server-process.ts';

/** How the conformance suite opens registries at a server of ours, and what it does to that server. */
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
