import { afterAll, beforeAll, describe, it } from 'vitest';
import { type ConsulAgent, consulAgent, faultsOf } from '../../../backends/src/index.ts';
import { describeRegistry, type Harness } from '../../../conformance/src/index.ts';
import { consul } from '../src/index.ts';

/** Each harness has an agent of its own. */
const agents: ConsulAgent[] = [];
const harnesses = [0, 1, 2].map((index): Harness => {
  const backend = () => agents[index] as ConsulAgent;
  return {
    open: (options) => consul({ ...options, addresses: [backend().address] }),
    faults: faultsOf(() => [backend().agent]),
    // If an agent fails to report to its servers in an outage, it tries again only 15 to 30 s later.
    patience: 2,
  };
});
beforeAll(async () => {
  for (const _ of harnesses) agents.push(await consulAgent());
  await Promise.all(agents.map(({ agent }) => agent.start()));
}, 120_000);
afterAll(() => Promise.all(agents.map(({ agent }) => agent.dispose())));

describeRegistry('consul', harnesses, {
  describe,
  it,
  concurrent: describe.concurrent,
  sequential: describe.sequential,
});
