import { afterAll, beforeAll, describe, it } from 'vitest';
import { type BackendProcess, type EtcdCluster, etcdCluster } from '../../../backends/src/index.ts';
import { describeRegistry } from '../../../conformance/src/index.ts';
import { etcd } from '../src/index.ts';

let cluster: EtcdCluster;
beforeAll(async () => {
  cluster = await etcdCluster(3);
  await Promise.all(cluster.nodes.map((node) => node.start()));
}, 120_000);
afterAll(() => Promise.all(cluster.nodes.map((node) => node.dispose())));

const all = async (act: (node: BackendProcess) => Promise<void>): Promise<void> => {
  await Promise.all(cluster.nodes.map(act));
};

describeRegistry(
  'etcd of three members',
  {
    open: (options) => etcd({ ...options, addresses: cluster.addresses }),
    faults: {
      stop: () => all((node) => node.kill()),
      start: () => all((node) => node.start()),
      freeze: () => all((node) => node.freeze()),
      resume: () => all((node) => node.resume()),
      wipe: () => all((node) => node.wipe()),
    },
  },
  { describe, it, concurrent: describe.concurrent },
);
