import { cpuOf, memoryOf, pause } from '../load/measure.js';
import { pressure } from '../load/pressure.js';
import { perService, serviceOf } from '../peers/instances.js';
import { fill, memoryAtFirst, onPeer, wholeServices } from './on-peer.js';
import { note } from './throughput.js';

/** @typedef {import('../peers/peer.js').Peer} Peer */
/** @typedef {import('./rows.js').Figures} Figures */

/** The renewals per second of ten thousand instances that renew every 30 s. */
const beats = 333;

/** Measures the CPU at rest, and a restart. @type {import('./phases.js').Run} */
export async function rest(peer, { scale, wants }) {
  if (peer.most !== undefined) return {};
  const size = scale.instances;
  return onPeer(peer, 90_000, async (on) => {
    await fill(on, size);
    await pause(2 * scale.settleMs);
    const idle = wants('idle') ? await cpuAtRest(on, size, scale.idleMs) : Number.NaN;
    const restart = wants('restart') ? await restartTime(peer, size, scale.settleMs) : Number.NaN;
    return { idle, restart };
  });
}

/** @param {import('./on-peer.js').OnPeer} on @param {number} size @param {number} ms */
async function cpuAtRest({ pid, lanes }, size, ms) {
  const [cpuBefore, start] = [cpuOf(pid), performance.now()];
  for (let beat = 0; performance.now() - start < ms; beat += 1) {
    await lanes[beat % lanes.length]?.renew(beat % size);
    const ahead = (beat * 1_000) / beats - (performance.now() - start);
    if (ahead > 1) await pause(ahead);
  }
  return (100 * (cpuOf(pid) - cpuBefore)) / ((performance.now() - start) / 1_000);
}

/** Measures the time until every service can be read whole again; NaN for a peer that stores nothing. @param {Peer} peer @param {number} size @param {number} settleMs */
async function restartTime(peer, size, settleMs) {
  if (peer.isVolatile) return Number.NaN;
  await pause(2 * settleMs);
  await peer.kill();
  const start = performance.now();
  await peer.restart();
  const lane = await peer.lane();
  const check = wholeServices(peer.name);
  for (let index = 0; index < size; index += perService) check(await lane.get(serviceOf(index)));
  const ms = performance.now() - start;
  lane.close();
  return ms;
}

/** Measures a hundred thousand instances: their registration, their memory, and a restart. @type {import('./phases.js').Run} */
export async function large(peer, { scale, wants }) {
  if (peer.most !== undefined) return {};
  const size = scale.large;
  return onPeer(peer, 600_000, async (on) => {
    /** @type {Figures} */
    const figures = {};
    const before = await memoryAtFirst(on);
    note(figures, 'register100k', await pressure({ ...on, turns: size }, (lane, turn) => lane.register(turn)));
    await pause(scale.settleMs);
    figures.memory100k = (memoryOf(on.pid) - before) / size;
    if (wants('restart100k')) figures.restart100k = await restartTime(peer, size, scale.settleMs);
    return figures;
  });
}

/** Measures a million instances, registered by hundreds: their memory, and how long a collection stops the server. @type {import('./phases.js').Run} */
export async function huge(peer, { scale, pauses }) {
  if (peer.most !== undefined) return {};
  const size = scale.huge;
  return onPeer(peer, 3_600_000, async (on) => {
    // A million single registrations take minutes.
    if (on.lanes[0]?.registerAll === undefined) return {};
    const before = await memoryAtFirst(on);
    await fill(on, size);
    await pause(2 * scale.settleMs);
    const rss = memoryOf(on.pid);
    // The server also works under load, so that the collections of that time count.
    await pressure({ ...on, cpuMs: 3 * scale.ms }, (lane, turn) =>
      turn % 100 === 0 ? lane.register(turn % size, `m${turn}`) : lane.renew((turn * 7_919) % size),
    );
    const { full, other } = pauses();
    return { memory1m: (rss - before) / size, rss1m: rss / 1_000_000, gcFull: full, gcYoung: other };
  });
}
