// Run by bench/run.js: node bench/client-side.js --server 127.0.0.1:7171 [--share 0.1]. It measures what the client
// library costs a program, beside the bare operations. It prints JSON: rounds of figures by the rows of phases/rows.js.
// The server must hold service-0 with 100 nodes in env bench.
import { parseArgs } from 'node:util';
import { discovery } from '../packages/adapters/discovery/dist/index.js';
import { memory } from '../packages/adapters/memory/dist/index.js';
import { byRandom, byTurn, createClient } from '../packages/client/dist/index.js';
import { eventsAlone, eventsThroughGuard } from './client/guard.js';
import { fetchPairs, microseconds, nanoseconds, nodes, openClient, silent } from './client/in-process.js';
import { starts } from './client/starts.js';
import { median } from './load/measure.js';

const { values } = parseArgs({
  options: { server: { type: 'string', default: '' }, share: { type: 'string', default: '1' } },
});
const share = Number(values.share);
const times = (/** @type {number} */ count) => Math.max(3, Math.round(count * share));
const rounds = share < 1 ? 1 : 5;

/** Reads a service from the server. */
async function reads() {
  const registry = discovery({ addresses: [values.server], namespace: 'bench' });
  const own = async () => {
    const [service] = await registry.getService('service-0');
    if (service?.nodes.length !== 100) throw new Error('the service is not whole');
  };
  const bare = async () => {
    const answer = await fetch(`http://${values.server}/api/fetch?env=bench&appid=service-0`);
    return JSON.parse(await answer.text());
  };
  await microseconds(times(200), own);
  await microseconds(times(200), bare);
  const [ours, theirs] = [await timed(times(500), own), await timed(times(500), bare)];
  await registry.close();
  return /** @type {const} */ ([ours, theirs]);
}

/** @param {number} count @param {() => Promise<unknown>} call */
async function timed(count, call) {
  /** @type {number[]} */
  const waits = [];
  const cpu = await microseconds(count, async () => {
    const begun = performance.now();
    await call();
    waits.push(performance.now() - begun);
  });
  return { cpu, p50: median(waits) };
}

async function readsOfMemory() {
  const registry = memory();
  await registry.register({ name: 'users', nodes: nodes(100) });
  const all = await registry.getService('users');
  const own = () => registry.getService('users');
  const bare = async () => structuredClone(all);
  await microseconds(times(2_000), own);
  const [ours, theirs] = [await microseconds(times(5_000), own), await microseconds(times(1_000), bare)];
  await registry.close();
  return /** @type {const} */ ([ours, theirs]);
}

/** Measures the time from a change until a client that follows the service has it. */
async function follow() {
  const writer = discovery({ addresses: [values.server], namespace: 'bench' });
  const reader = discovery({ addresses: [values.server], namespace: 'bench' });
  const client = createClient(reader, { probe: false, logger: silent });
  const all = nodes(100);
  await writer.register({ name: 'followed', nodes: all });
  await client.ready('followed');
  const service = client.service('followed');
  /** @type {number[]} */
  const heard = [];
  /** @type {number[]} */
  const written = [];
  for (let turn = 0; turn < times(100); turn += 1) {
    const mark = `${turn}`;
    const hears = new Promise((resolve) => {
      const stop = client.on('change', () => {
        if (service.nodes[0]?.metadata.mark !== mark) return;
        heard.push(performance.now() - begun);
        stop();
        resolve(undefined);
      });
    });
    const begun = performance.now();
    await writer.register({ name: 'followed', nodes: [{ id: 'n0', address: '127.0.0.1:1', metadata: { mark } }] });
    written.push(performance.now() - begun);
    await hears;
  }
  let seen = 0;
  const read = nanoseconds(times(200_000), () => {
    seen += service.nodes.length;
  });
  if (seen === 0) throw new Error('the service that is followed is empty');
  await client.close();
  await writer.close();
  await reader.close();
  return { heard: median(heard), written: median(written), read };
}

/** Picks from a thousand nodes; returns the nanoseconds of CPU per pick. @param {import('../packages/client/dist/index.js').Strategy} strategy */
async function pick(strategy) {
  const { client, registry, service } = await openClient(1_000, strategy);
  nanoseconds(times(100_000), () => service.pick());
  const figure = nanoseconds(times(300_000), () => service.pick());
  await client.close();
  await registry.close();
  return figure;
}

/** Indexes an array; returns the nanoseconds of CPU per access. */
function index() {
  const array = nodes(1_000);
  let seen = 0;
  const figure = nanoseconds(times(300_000), (turn) => {
    seen += array[turn % 1_000]?.id.length ?? 0;
  });
  if (seen === 0) throw new Error('the array is empty');
  return figure;
}

/** Measures one round: our figures, and those of the bare operations. */
async function round() {
  const [[get, getBare], [fromMemory, cloned], followed] = [await reads(), await readsOfMemory(), await follow()];
  const array = index();
  const [pair = { bare: 0, named: 0 }] = await fetchPairs(1, times(1_000));
  const { own, beside } = await starts(values.server);
  return {
    own: {
      ...{ getService: get.p50, getServiceCpu: get.cpu, getServiceMemory: fromMemory },
      ...{
        follow: followed.heard,
        followRead: followed.read,
        pickRandom: await pick(byRandom),
        pickTurn: await pick(byTurn),
      },
      ...{ fetch: pair.named, guard: await eventsThroughGuard(times(50)), ...own },
    },
    beside: {
      ...{ getService: getBare.p50, getServiceCpu: getBare.cpu, getServiceMemory: cloned },
      ...{ follow: followed.written, followRead: array, pickRandom: array, pickTurn: array },
      ...{ fetch: pair.bare, guard: await eventsAlone(times(50)), ...beside },
    },
  };
}

// A watch alone does not hold the process open.
const heldOpen = setInterval(() => {}, 1_000);
const measured = [];
for (let count = 0; count < rounds; count += 1) measured.push(await round());
console.log(JSON.stringify({ own: measured.map(({ own }) => own), beside: measured.map(({ beside }) => beside) }));
clearInterval(heldOpen);
