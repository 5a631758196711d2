import { afterAll, beforeAll, describe, it } from 'vitest';
import { type ConsulAgent, consulAgent } from '../../backends/src/index.ts';
import { describeRegistry } from '../../conformance/src/index.ts';
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

describeRegistry(
  'consul through a client agent',
  { open: (options) => consul({ ...options, addresses: [client.address] }) },
  { describe, it },
);
