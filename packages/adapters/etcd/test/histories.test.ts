import { afterAll, beforeAll, describe, it } from 'vitest';
import { type EtcdCluster, etcdCluster, faultsOf, inFull } from '../../../backends/src/index.ts';
import { checkHistories } from '../../../conformance/src/histories/index.ts';
import { etcd } from '../src/index.ts';

let backend: EtcdCluster;
beforeAll(async () => {
  backend = await etcdCluster(1);
  await Promise.all(backend.nodes.map((node) => node.start()));
}, 120_000);
afterAll(() => Promise.all(backend.nodes.map((node) => node.dispose())));

checkHistories(
  'etcd',
  { open: (options) => etcd({ ...options, addresses: backend.addresses }), faults: faultsOf(() => backend.nodes) },
  inFull ? { runs: 300, faults: true } : { runs: 30, together: 10 },
  { describe, it },
);
