import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EtcdCluster, etcdCluster } from '../../../backends/src/index.ts';
import { etcd } from '../src/index.ts';

let cluster: EtcdCluster;
beforeAll(async () => {
  cluster = await etcdCluster(3);
  await Promise.all(cluster.nodes.map((node) => node.start()));
}, 120_000);
afterAll(() => Promise.all(cluster.nodes.map((node) => node.dispose())));

/** The index of the member that leads. */
async function leader(): Promise<number> {
  for (const [index, address] of cluster.addresses.entries()) {
    const response = await fetch(`http://${address}/v3/maintenance/status`, { method: 'POST', body: '{}' });
    const status = (await response.json()) as {
      readonly header: { readonly member_id: string };
      readonly leader: string;
    };
    if (status.header.member_id === status.leader) return index;
  }
  throw new Error('no member leads');
}

it('a watch tells no delete of renewing nodes when the leader dies, and changes go on', async () => {
  const registry = etcd({ addresses: cluster.addresses });
  const events: string[] = [];
  void (async () => {
    for await (const event of registry.watch({ name: 'fleet' }))
      events.push('service' in event ? `${event.type} ${event.service.nodes[0]?.id}` : event.type);
  })();
  const register = (id: string) =>
    registry.register(
      { name: 'fleet', nodes: [{ id, address: '10.0.0.1:80' }] },
      { ttlMs: 5_000, renewIntervalMs: 1_000, timeoutMs: 4_000 },
    );
  await register('stays');
  const renewing = setInterval(() => void register('stays').catch(() => {}), 1_000);
  try {
    await expect.poll(() => events, { timeout: 20_000 }).toContain('create stays');
    const dead = cluster.nodes[await leader()];
    await dead?.kill();
    await expect
      .poll(
        () =>
          register('comes').then(
            () => true,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true);
    await expect.poll(() => events, { timeout: 30_000 }).toContain('create comes');
    await dead?.start();
    await registry.deregister({ name: 'fleet', nodes: [{ id: 'comes' }] });
    await expect.poll(() => events, { timeout: 30_000 }).toContain('delete comes');
    expect(events).not.toContain('delete stays');
  } finally {
    clearInterval(renewing);
    await registry.close();
  }
}, 120_000);
