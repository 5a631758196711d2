// Run: node bench/consul-sizes.js (after a build). It measures the time of one call to a Consul agent by the number
// of nodes that the agent holds: the agent scans its checks and its catalogue, so more nodes make calls slower.

import { consul } from '../packages/adapters/consul/dist/index.js';
import { consulAgent } from '../packages/backends/dist/index.js';

const sizes = [100, 1_000, 5_000];
const calls = 100;
const { agent, address } = await consulAgent();
await agent.start();
const registry = consul({ addresses: [address], timeoutMs: 120_000 });
/** @param {number} index A service of ten nodes. */
const serviceOf = (index) => ({
  name: `service-${index}`,
  version: '1.0.0',
  nodes: Array.from({ length: 10 }, (_, at) => ({
    id: `n${at}`,
    address: `10.0.0.${at}:8080`,
    metadata: { zone: 'z1' },
  })),
});
/** @param {string} what @param {number} count @param {(index: number) => Promise<unknown>} call */
async function time(what, count, call) {
  const startedAt = performance.now();
  for (let index = 0; index < count; index += 1) await call(index);
  console.log(`  ${what}: ${((performance.now() - startedAt) / count).toFixed(1)} ms`);
}

let held = 0;
for (const size of sizes) {
  for (; held < size; held += 10) await registry.register(serviceOf(held / 10), { ttlMs: 3_600_000 });
  console.log(`${size} nodes of ${size / 10} services:`);
  const one = (/** @type {number} */ index) => ({
    name: 'probe',
    nodes: [{ id: `n${index}`, address: '10.0.1.1:80' }],
  });
  await time('register one node', calls, (index) => registry.register(one(index), { ttlMs: 3_600_000 }));
  await time('renew one node', calls, (index) => registry.register(one(index), { ttlMs: 3_600_000 }));
  await time('read a service of ten', calls, () => registry.getService('service-1'));
  await time('list all services', 3, () => registry.listServices());
  const catalogue = await (await fetch(`http://${address}/v1/catalog/services`)).arrayBuffer();
  console.log(
    `  names and tags of all, which a watch of everything polls: ${(catalogue.byteLength / 1_000).toFixed(0)} kB`,
  );
  await registry.deregister({
    name: 'probe',
    nodes: Array.from({ length: calls }, (_, index) => ({ id: `n${index}` })),
  });
}
await registry.close({ withdraw: false });
await agent.dispose();
