import type { Entry } from '@rollcall/core/adapter';
import { expect, it } from 'vitest';
import type { Cluster } from '../src/cluster/cluster.ts';
import { Holdings } from '../src/holdings.ts';

const entry = (port: number): Entry => ({
  name: 'fleet',
  version: '',
  metadata: {},
  endpoints: [],
  node: { id: 'n0', address: `10.0.0.1:${port}`, metadata: {} },
});
const lease = { ttlMs: 10_000, renewIntervalMs: 3_000 };
const { signal } = new AbortController();

/** A cluster that grants every call; `isRetried` says whether a write goes to two members. */
function clusterOf(isRetried: () => boolean) {
  const revoked: string[] = [];
  let granted = 0;
  const calls = {
    kv: { txn: async () => ({ succeeded: true, responses: [], header: { revision: '1' } }) },
    leases: {
      leaseGrant: async () => {
        granted += 1;
        return { ID: `lease ${granted}` };
      },
      leaseRevoke: async ({ ID }: { readonly ID: string }) => revoked.push(ID),
    },
  };
  const run = async (_: AbortSignal, work: (calls: unknown) => Promise<unknown>): Promise<unknown> => {
    if (isRetried()) void work(calls);
    return work(calls);
  };
  return { revoked, cluster: { run } as unknown as Cluster };
}

it('after a write that was retried at another member, the next write revokes its lease', async () => {
  let isRetried = false;
  const { revoked, cluster } = clusterOf(() => isRetried);
  const holdings = new Holdings(cluster, '/p/');
  await holdings.put([entry(80)], lease, signal);
  await holdings.put([entry(81)], lease, signal);
  // A write that was sent to only one member cannot arrive late, and its lease expires by itself.
  expect(revoked).toEqual([]);
  isRetried = true;
  await holdings.put([entry(82)], lease, signal);
  isRetried = false;
  expect(revoked).toEqual([]);
  await holdings.put([entry(83)], lease, signal);
  expect(revoked).toHaveLength(1);
  await holdings.put([entry(84)], lease, signal);
  expect(revoked).toHaveLength(1);
});

it('a removal revokes no lease, since a watcher sees by the lease that the node was deregistered', async () => {
  const { revoked, cluster } = clusterOf(() => true);
  const holdings = new Holdings(cluster, '/p/');
  await holdings.put([entry(80)], lease, signal);
  await holdings.remove([{ name: 'fleet', id: 'n0' }], signal);
  expect(revoked).toEqual([]);
});
