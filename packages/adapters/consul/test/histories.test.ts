import { afterAll, beforeAll, describe, it } from 'vitest';
import { type ConsulAgent, consulAgent, faultsOf, inFull } from '../../../backends/src/index.ts';
import { checkHistories } from '../../../conformance/src/histories/index.ts';
import { consul } from '../src/index.ts';

let backend: ConsulAgent;
beforeAll(async () => {
  // Ten histories of four objects each, all from one address, open more than the 200 connections that an agent allows.
  backend = await consulAgent({ config: 'limits { http_max_conns_per_client = 2000 }' });
  await backend.agent.start();
}, 120_000);
afterAll(() => backend.agent.dispose());

checkHistories(
  'consul',
  {
    open: (options) => consul({ ...options, addresses: [backend.address] }),
    faults: faultsOf(() => [backend.agent]),
    // If an agent fails to report to its servers in an outage, it tries again only 15 to 30 s later.
    patience: 2,
  },
  inFull ? { runs: 300, faults: true } : { runs: 30, together: 10 },
  { describe, it },
);
