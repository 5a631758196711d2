import { perService, serviceOf } from './peers/instances.js';
import { cpuOf, median, memoryOf, pause, perCpuSecond, quantile } from './wire/measure.js';

/** @typedef {import('./peers/peer.js').Peer} Peer */
/** @typedef {import('./peers/peer.js').Lane} Lane */
/** @typedef {{ name: string, unit: string, isLessBetter?: boolean, digits?: number }} Row */

const atOnce = 64;

/** What is measured, in the order of the report. @type {Readonly<Record<string, Row>>} */
export const rows = {
  register: { name: 'register, one per request', unit: 'per CPU second' },
  renew: { name: 'renew, one per request', unit: 'per CPU second' },
  renewAll: { name: 'renew, batches of 100', unit: 'per CPU second' },
  get: { name: 'get of 100 instances, unchanged', unit: 'per CPU second' },
  getCold: { name: 'change of one, then get of its 100', unit: 'per CPU second' },
  list: { name: 'list of all services, p50', unit: 'ms', isLessBetter: true, digits: 2 },
  change1: { name: 'change to 1 watcher: server CPU', unit: 'ms', isLessBetter: true, digits: 2 },
  change100: { name: 'change to 100 watchers: server CPU', unit: 'ms', isLessBetter: true, digits: 2 },
  change1000: { name: 'change to 1,000 watchers: server CPU', unit: 'ms', isLessBetter: true, digits: 1 },
  last1: { name: 'change to 1 watcher: p50', unit: 'ms', isLessBetter: true, digits: 1 },
  last100: { name: 'change to 100 watchers: p99', unit: 'ms', isLessBetter: true, digits: 1 },
  last1000: { name: 'change to 1,000 watchers: p99', unit: 'ms', isLessBetter: true, digits: 1 },
  memory10k: { name: 'memory per instance, 10,000', unit: 'bytes', isLessBetter: true },
  idle: { name: 'CPU at 333 beats a second', unit: '%', isLessBetter: true, digits: 1 },
  crash: { name: 'crash to the watcher, beyond the TTL', unit: 'ms', isLessBetter: true },
  restart: { name: 'kill -9 and start, 10,000 all back', unit: 'ms', isLessBetter: true },
  register100k: { name: 'register, 100,000', unit: 'per CPU second' },
  memory100k: { name: 'memory per instance, 100,000', unit: 'bytes', isLessBetter: true },
  restart100k: { name: 'kill -9 and start, 100,000 all back', unit: 'ms', isLessBetter: true },
};

/** @typedef {Record<string, number>} Figures One round of one peer. */

/** @param {Peer} peer @param {number} count */
const openLanes = (peer, count) => Promise.all(Array.from({ length: count }, () => peer.lane()));

/** The rows that need ten thousand instances. @param {Peer} peer @param {{ quick: boolean, wants: (row: string) => boolean }} options @returns {Promise<Figures>} */
export async function mainPhases(peer, { quick, wants }) {
  /** @type {Figures} */
  const figures = {};
  const ms = quick ? 400 : 1_000;
  const size = Math.min(peer.most ?? 10_000, quick ? 2_000 : 10_000);
  const services = size / perService;
  await peer.start(90_000);
  const pid = peer.pid();
  const lanes = await openLanes(peer, atOnce);
  const [few, several] = [lanes.slice(0, 4), lanes.slice(0, 16)];
  try {
    const memoryBefore = memoryOf(pid);
    figures.register = await perCpuSecond({ pid, lanes, turns: size }, (lane, turn) => lane.register(turn));
    await pause(500);
    if (size === 10_000) figures.memory10k = (memoryOf(pid) - memoryBefore) / size;
    if (wants('renew'))
      figures.renew = await perCpuSecond({ pid, lanes, ms }, (lane, turn) => lane.renew((turn * 7) % size));
    if (wants('renewAll') && lanes[0]?.renewAll !== undefined)
      figures.renewAll = await perCpuSecond(
        { pid, lanes: few, ms, per: 100 },
        (lane, turn) =>
          lane.renewAll?.(Array.from({ length: 100 }, (_, index) => (turn * 100 + index) % size)) ?? Promise.resolve(),
      );
    const check = (/** @type {number} */ bytes) => {
      if (bytes < 200 * perService) throw new Error(`${peer.name} answered with ${bytes} bytes`);
    };
    if (wants('get'))
      figures.get = await perCpuSecond({ pid, lanes: several, ms }, async (lane, turn) =>
        check(await lane.get(`service-${turn % services}`)),
      );
    if (wants('getCold'))
      figures.getCold = await perCpuSecond({ pid, lanes: several, ms }, async (lane, turn) => {
        await lane.register((turn * 100) % size, `cold${turn}`);
        check(await lane.get(`service-${turn % services}`));
      });
    if (wants('list')) figures.list = await listTime(lanes[0], quick ? 20 : 100);
    // Consul takes a fifth of a second of its CPU for each change to a hundred.
    for (const watchers of quick || peer.most !== undefined ? [1, 100] : [1, 100, 1_000]) {
      if (!wants(`change${watchers}`)) continue;
      const { cpuMs, p50, p99 } = await changes(
        peer,
        lanes[0],
        watchers,
        watchers === 1 ? 200 : watchers === 100 ? 60 : 20,
      );
      figures[`change${watchers}`] = cpuMs;
      figures[`last${watchers}`] = watchers === 1 ? p50 : p99;
    }
  } finally {
    for (const lane of lanes) lane.close();
    await peer.dispose();
  }
  return figures;
}

/** @param {Lane | undefined} lane @param {number} count */
async function listTime(lane, count) {
  const times = [];
  for (let turn = 0; turn < count; turn += 1) {
    const before = performance.now();
    await lane?.list();
    times.push(performance.now() - before);
  }
  return median(times);
}

/** One change after another, each to all watchers of its service. @param {Peer} peer @param {Lane | undefined} lane @param {number} count @param {number} events */
async function changes(peer, lane, count, events) {
  let mark = '';
  let missing = 0;
  let onAll = () => {};
  /** @type {number[]} */
  let times = [];
  let start = 0;
  const stops = [];
  for (let index = 0; index < count; index += 1) {
    let seen = '';
    let rest = '';
    stops.push(
      await peer.watch(serviceOf(0), (chunk) => {
        const text = rest + chunk.toString('latin1');
        rest = text.slice(-32);
        if (seen === mark || !text.includes(mark)) return;
        seen = mark;
        times.push(performance.now() - start);
        missing -= 1;
        if (missing === 0) onAll();
      }),
    );
  }
  await pause(1_000);
  const p50 = [];
  const p99 = [];
  const cpuBefore = cpuOf(peer.pid());
  for (let event = 0; event < events; event += 1) {
    [missing, times, start] = [count, [], performance.now()];
    mark = `mark-${count}-${event}-${Math.random().toString(36).slice(2)}`;
    let cancel = () => {};
    const all = new Promise((resolve, reject) => {
      onAll = () => resolve(undefined);
      const timer = setTimeout(() => reject(new Error(`${peer.name}: ${missing} watchers heard nothing`)), 20_000);
      cancel = () => clearTimeout(timer);
    });
    await Promise.all([lane?.register(0, mark), all]);
    cancel();
    p50.push(median(times));
    p99.push(quantile(times, 0.99));
  }
  const cpuMs = ((cpuOf(peer.pid()) - cpuBefore) * 1_000) / events;
  for (const stop of stops) stop();
  await pause(200);
  return { cpuMs, p50: median(p50), p99: median(p99) };
}

/** The rows that take long: CPU at rest, a crash, restarts, a hundred thousand. @param {Peer} peer @param {{ wants: (row: string) => boolean }} options @returns {Promise<Figures>} */
export async function longPhases(peer, { wants }) {
  return {
    ...(wants('idle') || wants('restart') ? await idleAndRestart(peer) : {}),
    ...(wants('crash') ? await crash(peer) : {}),
    ...(wants('memory100k') ? await hundredThousand(peer) : {}),
  };
}

/** @param {Peer} peer @returns {Promise<Figures>} */
async function idleAndRestart(peer) {
  if (peer.most !== undefined) return {};
  const size = 10_000;
  await peer.start(90_000);
  const lanes = await openLanes(peer, atOnce);
  await perCpuSecond({ pid: peer.pid(), lanes, turns: size }, (lane, turn) => lane.register(turn));
  await pause(2_000);
  const [cpuBefore, start] = [cpuOf(peer.pid()), performance.now()];
  for (let beat = 0; performance.now() - start < 15_000; beat += 1) {
    await lanes[beat % atOnce]?.renew(beat % size);
    const ahead = (beat * 1_000) / 333 - (performance.now() - start);
    if (ahead > 1) await pause(ahead);
  }
  const idle = (100 * (cpuOf(peer.pid()) - cpuBefore)) / ((performance.now() - start) / 1_000);
  for (const lane of lanes) lane.close();
  const restart = await restartTime(peer, size);
  await peer.dispose();
  return { idle, ...(restart === undefined ? {} : { restart }) };
}

/** Until every service is read whole again; undefined: what was stored is gone. @param {Peer} peer @param {number} size */
async function restartTime(peer, size) {
  await pause(2_000);
  await peer.kill();
  const start = performance.now();
  await peer.restart();
  const lane = await peer.lane();
  try {
    for (let index = 0; index < size; index += perService)
      if ((await lane.get(serviceOf(index))) < 200 * perService) return undefined;
    return performance.now() - start;
  } catch {
    return undefined;
  } finally {
    lane.close();
  }
}

/** Five of a thousand fall silent; the others renew, so that self-protection has no part in it. @param {Peer} peer @returns {Promise<Figures>} */
async function crash(peer) {
  if (peer.most !== undefined) return {};
  const [size, ttlMs, silent] = [1_000, 10_000, 5];
  await peer.start(ttlMs);
  const lanes = await openLanes(peer, 16);
  await perCpuSecond({ pid: peer.pid(), lanes, turns: size }, (lane, turn) => lane.register(turn));
  await pause(3_000);
  /** @type {Map<number, number>} */
  const heardOf = new Map();
  const stop = await peer.watch(serviceOf(0), (chunk) => {
    for (let index = 0; index < silent; index += 1)
      if (!heardOf.has(index) && chunk.includes(peer.gone(index))) heardOf.set(index, performance.now());
  });
  await perCpuSecond({ pid: peer.pid(), lanes, turns: size }, (lane, turn) => lane.renew(turn));
  heardOf.clear();
  /** @type {number[]} */
  const lastBeat = [];
  for (let index = 0; index < silent; index += 1) {
    await lanes[0]?.renew(index);
    lastBeat.push(performance.now());
  }
  for (let round = 0; round < 5; round += 1) {
    await pause(2_500);
    await perCpuSecond({ pid: peer.pid(), lanes, turns: size - silent }, (lane, turn) => lane.renew(silent + turn));
  }
  stop();
  for (const lane of lanes) lane.close();
  await peer.dispose();
  const beyond = lastBeat.map((at, index) => (heardOf.get(index) ?? Number.NaN) - at - ttlMs);
  return { crash: median(beyond) };
}

/** @param {Peer} peer @returns {Promise<Figures>} */
async function hundredThousand(peer) {
  if (peer.most !== undefined) return {};
  const size = 100_000;
  await peer.start(600_000);
  const pid = peer.pid();
  const lanes = await openLanes(peer, atOnce);
  const before = memoryOf(pid);
  const register100k = await perCpuSecond({ pid, lanes, turns: size }, (lane, turn) => lane.register(turn));
  await pause(1_000);
  const memory100k = (memoryOf(pid) - before) / size;
  for (const lane of lanes) lane.close();
  const restart100k = await restartTime(peer, size);
  await peer.dispose();
  return { register100k, memory100k, ...(restart100k === undefined ? {} : { restart100k }) };
}
