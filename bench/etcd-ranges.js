// Run: node bench/etcd-ranges.js (after a build). A real etcd holds 1,000 services of 10 nodes. `listServices`, and a
// watch until it is synced, take turns with the same ranges by bare etcd3 and JSON.parse; the output is the ratio of
// the medians.
import { Etcd3 } from 'etcd3';
import { etcd } from '../packages/adapters/etcd/dist/index.js';
import { etcdNode } from '../packages/backends/dist/index.js';

const [services, nodes, rounds, pageSize] = [1_000, 10, 15, 500];
const prefix = '/micro/registry/';
const { node, address } = await etcdNode();
await node.start();
const bare = new Etcd3({ hosts: `http://${address}`, grpcOptions: { 'grpc.max_receive_message_length': 16_777_216 } });

/** @param {number} index */
async function fill(index) {
  const name = `service-${String(index).padStart(4, '0')}`;
  const service = (/** @type {number} */ at) => {
    const id = `${name}-${at}`;
    const metadata = { server: 'http', protocol: 'http', registry: 'etcd', zone: `z${at % 3}` };
    const endpoints = [{ request: null, response: null, metadata: {}, name: 'Service.Call' }];
    const address = `10.0.${index & 255}.${at}:8080`;
    return JSON.stringify({ name, version: '1.0.0', metadata: {}, endpoints, nodes: [{ metadata, id, address }] });
  };
  const puts = Array.from({ length: nodes }, (_, at) => ({
    request_put: { key: Buffer.from(`${prefix}${name}/${name}-${at}`), value: Buffer.from(service(at)) },
  }));
  await bare.kv.txn({ compare: [], success: puts });
}
for (let index = 0; index < services; index += 1) await fill(index);

const end = Buffer.from('/micro/registry0');
async function ranges() {
  let read = 0;
  let from = Buffer.from(prefix);
  /** @type {string | undefined} */
  let revision;
  for (;;) {
    const page = { key: from, range_end: end, limit: pageSize, ...(revision === undefined ? {} : { revision }) };
    const { header, kvs, more } = await bare.kv.range(page);
    revision ??= header.revision;
    for (const { value } of kvs) read += JSON.parse(value.toString()).nodes.length;
    const last = kvs.at(-1);
    if (!more || last === undefined) return read;
    from = Buffer.concat([last.key, Buffer.from([0])]);
  }
}

const registry = etcd({ addresses: [address] });
async function coldWatch() {
  const watcher = registry.watch();
  let read = 0;
  for await (const { type } of watcher) {
    if (type === 'synced') break;
    read += 1;
  }
  return read;
}
const listServices = async () => (await registry.listServices()).length * nodes;

const ways = { ranges, listServices, coldWatch };
/** @type {Record<string, number[]>} */
const times = { ranges: [], listServices: [], coldWatch: [] };
for (let round = -3; round < rounds; round += 1) {
  for (const [name, way] of Object.entries(ways)) {
    const startedAt = performance.now();
    const read = await way();
    if (read !== services * nodes) throw new Error(`${name} read ${read} nodes`);
    // The first rounds are a warm-up and do not count.
    if (round >= 0) times[name]?.push(performance.now() - startedAt);
  }
}
const median = (/** @type {string} */ name) => times[name]?.sort((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
for (const name of Object.keys(ways)) {
  const ratio = (median(name) / median('ranges')).toFixed(2);
  console.log(`${name}: ${median(name).toFixed(0)} ms for ${services * nodes} nodes, ${ratio} x bare ranges`);
}
await registry.close();
bare.close();
await node.dispose();
