// Run: node --expose-gc bench/client-pick.js (after a build). It prints the cost of one pick by strategy and number of
// nodes, beside a bare array index and (where Go is installed) go-micro's selector over its cache; the collections
// during ten million picks; and the CPU that client.fetch adds to a bare fetch, in paired rounds.
import { spawnSync } from 'node:child_process';
import { PerformanceObserver } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { byKey, byLoad, byRandom, byTurn, byWeight } from '../packages/client/dist/index.js';
import { fetchPairs, nanoseconds, openClient as open } from './client/in-process.js';
import { median } from './load/measure.js';

const keys = Array.from({ length: 1_024 }, (_, index) => `user-${index}`);
const strategies = { random: byRandom, turn: byTurn, load: byLoad, weight: byWeight, key: byKey() };

let collections = 0;
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().length;
});
observer.observe({ entryTypes: ['gc'] });
const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

console.log('pick, ns at 10 / 1,000 / 10,000 nodes');
for (const [name, strategy] of Object.entries(strategies)) {
  const row = [];
  for (const nodes of [10, 1_000, 10_000]) {
    const { client, registry, service } = await open(nodes, strategy);
    for (const { node } of service.state.nodes) {
      if (nodes > 1_000) break;
      service.acquire(undefined, [node]).release('ok');
    }
    const pick =
      name === 'key' ? (/** @type {number} */ index) => service.pick(keys[index & 1_023]) : () => service.pick();
    nanoseconds(300_000, pick);
    row.push(nanoseconds(500_000, pick).toFixed(0));
    await client.close();
    await registry.close();
  }
  console.log(`  ${name.padEnd(7)} ${row.join(' / ')}`);
}
const array = Array.from({ length: 1_000 }, (_, index) => ({ index }));
let sum = 0;
const bare = nanoseconds(2_000_000, (index) => {
  sum += array[index % 1_000]?.index ?? 0;
});
console.log(`  bare array index ${bare.toFixed(1)} (${sum > 0})`);

const folder = fileURLToPath(new URL('../interop/go-micro', import.meta.url));
for (const nodes of [10, 1_000]) {
  const { status, stdout, error, stderr } = spawnSync('go', ['run', '.', 'bench', `${nodes}`, `${200_000 / nodes}`], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) {
    console.log(`  go-micro's selector is left out: ${error?.message ?? stderr}`);
    break;
  }
  const { randomNs, roundRobinNs, nextAloneNs, bareArrayIndexNs, collectionsPer10M, allocationsPerPick } =
    JSON.parse(stdout);
  const ns = (/** @type {number} */ value) => value.toFixed(value < 10 ? 1 : 0);
  console.log(
    `  go-micro at ${nodes} nodes: random ${ns(randomNs)}, turn ${ns(roundRobinNs)} (its next() alone ${ns(nextAloneNs)}, a bare array index in Go ${ns(bareArrayIndexNs)}); ` +
      `${allocationsPerPick.toFixed(0)} allocations a pick, ${collectionsPer10M.toFixed(0)} collections per 10 M picks`,
  );
}

console.log('collections in 10 M picks at 1,000 nodes, after warm-up');
for (const [name, strategy] of Object.entries(strategies)) {
  const { client, registry, service } = await open(1_000, strategy);
  const pick =
    name === 'key' ? (/** @type {number} */ index) => service.pick(keys[index & 1_023]) : () => service.pick();
  for (let index = 0; index < 1_000_000; index += 1) pick(index);
  globalThis.gc?.();
  await turn();
  collections = 0;
  for (let index = 0; index < 10_000_000; index += 1) pick(index);
  await turn();
  console.log(`  ${name.padEnd(7)} ${collections}`);
  await client.close();
  await registry.close();
}

const pairs = await fetchPairs(11, 2_000);
const more = median(pairs.map(({ bare: without, named }) => named - without));
const plain = median(pairs.map(({ bare: without }) => without));
console.log(
  `client.fetch over a bare fetch of ${plain.toFixed(0)} us: median of 11 pairs ${more.toFixed(1)} us of CPU a call`,
);
observer.disconnect();
