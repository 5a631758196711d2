import { afterAll, beforeAll, describe, it } from 'vitest';
import { type EtcdCluster, etcdCluster, faultsOf } from '../../../backends/src/index.ts';
import { describeRegistry, type Harness } from '../../../conformance/src/index.ts';
import { etcd } from '../src/index.ts';

/** Each harness has an etcd of its own. */
const backends: EtcdCluster[] = [];
const harnesses = [0, 1, 2].map((index): Harness => {
  const backend = () => backends[index] as EtcdCluster;
  return {
    open: (options) => etcd({ ...options, addresses: backend().addresses }),
    faults: faultsOf(() => backend().nodes),
  };
});
beforeAll(async () => {
  for (const _ of harnesses) backends.push(await etcdCluster(1));
  await Promise.all(backends.flatMap(({ nodes }) => nodes.map((node) => node.start())));
}, 120_000);
afterAll(() => Promise.all(backends.flatMap(({ nodes }) => nodes.map((node) => node.dispose()))));

describeRegistry('etcd', harnesses, {
  describe,
  it,
  concurrent: describe.concurrent,
  sequential: describe.sequential,
});
