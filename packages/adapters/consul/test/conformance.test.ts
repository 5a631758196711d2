import { afterAll, beforeAll, describe, it } from 'vitest';
import { type BackendProcess, consulAgent } from '../../../backends/src/index.ts';
import { describeRegistry } from '../../../conformance/src/index.ts';
import { consul } from '../src/index.ts';

let agent: BackendProcess;
let address = '';
beforeAll(async () => {
  ({ agent, address } = await consulAgent());
  await agent.start();
}, 120_000);
afterAll(() => agent.dispose());

describeRegistry(
  'consul',
  {
    open: (options) => consul({ ...options, addresses: [address] }),
    faults: {
      stop: () => agent.kill(),
      start: () => agent.start(),
      freeze: () => agent.freeze(),
      resume: () => agent.resume(),
      wipe: () => agent.wipe(),
    },
    // After an outage an agent whose report to its servers failed tries again only 15 to 30 s later.
    patience: 2,
  },
  { describe, it, concurrent: describe.concurrent },
);
