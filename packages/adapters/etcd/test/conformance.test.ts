import { afterAll, beforeAll, describe, it } from 'vitest';
import { type BackendProcess, etcdNode } from '../../../backends/src/index.ts';
import { describeRegistry } from '../../../conformance/src/index.ts';
import { etcd } from '../src/index.ts';

let node: BackendProcess;
let address = '';
beforeAll(async () => {
  ({ node, address } = await etcdNode());
  await node.start();
}, 120_000);
afterAll(() => node.dispose());

describeRegistry(
  'etcd',
  {
    open: (options) => etcd({ ...options, addresses: [address] }),
    faults: {
      stop: () => node.kill(),
      start: () => node.start(),
      freeze: () => node.freeze(),
      resume: () => node.resume(),
      wipe: () => node.wipe(),
    },
  },
  { describe, it, concurrent: describe.concurrent },
);
