import { afterAll, beforeAll, describe, it } from 'vitest';
import { type BackendProcess, type ConsulAgent, consulAgent } from '../../../backends/src/index.ts';
import { describeRegistry, type Harness } from '../../../conformance/src/index.ts';
import { consul } from '../src/index.ts';

interface Pair {
  readonly server: ConsulAgent;
  readonly client: ConsulAgent;
}

async function startPair(): Promise<Pair> {
  const server = await consulAgent();
  await server.agent.start();
  const client = await consulAgent({ join: server.serf });
  await client.agent.start();
  return { server, client };
}

/** Each harness has a server and a client agent of its own. */
let pairs: readonly Pair[] = [];
const harnesses = [0, 1].map((index): Harness => {
  const pair = () => pairs[index] as Pair;
  /** Servers come first: a client agent without a server serves no request. */
  const both = async (act: (agent: BackendProcess) => Promise<void>): Promise<void> => {
    await act(pair().server.agent);
    await act(pair().client.agent);
  };
  return {
    open: (options) => consul({ ...options, addresses: [pair().client.address] }),
    faults: {
      stop: () => both((agent) => agent.kill()),
      // Both start at once: a server that misses the client agent takes it for dead, and every node on it too.
      start: async () => {
        await Promise.all([pair().server.agent.start(), pair().client.agent.start()]);
      },
      freeze: () => both((agent) => agent.freeze()),
      resume: () => both((agent) => agent.resume()),
      wipe: async () => {
        // Both are killed before either starts again. Otherwise the wiped server would meet the client of before, and
        // would then refuse the wiped client, which has the same name and a new identity.
        await both((agent) => agent.kill());
        await both((agent) => agent.wipe());
      },
    },
    // If an agent fails to report to its servers in an outage, it tries again only 15 to 30 s later.
    patience: 2,
  };
});
beforeAll(async () => {
  pairs = await Promise.all(harnesses.map(startPair));
}, 120_000);
afterAll(() => Promise.all(pairs.flatMap(({ server, client }) => [client.agent.dispose(), server.agent.dispose()])));

describeRegistry('consul through a client agent', harnesses, {
  describe,
  it,
  concurrent: describe.concurrent,
  sequential: describe.sequential,
});
