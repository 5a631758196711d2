import { afterAll, beforeAll, describe, it } from 'vitest';
import { type EtcdCluster, etcdCluster, faultsOf } from '../../../backends/src/index.ts';
import { describeRegistry, type Harness } from '../../../conformance/src/index.ts';
import { etcd } from '../src/index.ts';

/** Each harness has a cluster of its own. */
const clusters: EtcdCluster[] = [];
const harnesses = [0, 1].map((index): Harness => {
  const cluster = () => clusters[index] as EtcdCluster;
  return {
    open: (options) => etcd({ ...options, addresses: cluster().addresses }),
    faults: faultsOf(() => cluster().nodes),
  };
});
beforeAll(async () => {
  for (const _ of harnesses) clusters.push(await etcdCluster(3));
  await Promise.all(clusters.flatMap(({ nodes }) => nodes.map((node) => node.start())));
}, 120_000);
afterAll(() => Promise.all(clusters.flatMap(({ nodes }) => nodes.map((node) => node.dispose()))));

describeRegistry('etcd of three members', harnesses, {
  describe,
  it,
  concurrent: describe.concurrent,
  sequential: describe.sequential,
});
