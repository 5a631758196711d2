import { afterAll, beforeAll, describe, it } from 'vitest';
import { type BackendProcess, type ConsulAgent, consulAgent } from '../../../backends/src/index.ts';
import { describeRegistry } from '../../../conformance/src/index.ts';
import { consul } from '../src/index.ts';

let server: ConsulAgent;
let client: ConsulAgent;
beforeAll(async () => {
  server = await consulAgent();
  await server.agent.start();
  client = await consulAgent({ join: server.serf });
  await client.agent.start();
}, 120_000);
afterAll(() => Promise.all([client.agent.dispose(), server.agent.dispose()]));

/** Servers first: an agent without one serves nobody. */
const both = async (act: (agent: BackendProcess) => Promise<void>): Promise<void> => {
  await act(server.agent);
  await act(client.agent);
};

describeRegistry(
  'consul through a client agent',
  {
    open: (options) => consul({ ...options, addresses: [client.address] }),
    faults: {
      stop: () => both((agent) => agent.kill()),
      start: () => both((agent) => agent.start()),
      freeze: () => both((agent) => agent.freeze()),
      resume: () => both((agent) => agent.resume()),
      wipe: async () => {
        // A server with nothing that meets the client before its wipe keeps the client's name for what it was.
        await both((agent) => agent.kill());
        await both((agent) => agent.wipe());
      },
    },
    // After an outage an agent whose report to its servers failed tries again only 15 to 30 s later.
    patience: 2,
  },
  { describe, it, concurrent: describe.concurrent },
);
