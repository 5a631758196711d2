import { afterAll, beforeAll, describe, it } from 'vitest';
import { type EtcdCluster, etcdCluster } from '../../backends/src/index.ts';
import { describeRegistry } from '../../conformance/src/index.ts';
import { etcd } from '../src/index.ts';

let cluster: EtcdCluster;
beforeAll(async () => {
  cluster = await etcdCluster(3);
  await Promise.all(cluster.nodes.map((node) => node.start()));
}, 120_000);
afterAll(() => Promise.all(cluster.nodes.map((node) => node.dispose())));

describeRegistry(
  'etcd of three members',
  { open: (options) => etcd({ ...options, addresses: cluster.addresses }) },
  { describe, it },
);
