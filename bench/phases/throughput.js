import { median, memoryOf, pause } from '../load/measure.js';
import { pressure } from '../load/pressure.js';
import { perService } from '../peers/instances.js';
import { fill, indices, memoryAtFirst, onPeer, wholeServices } from './on-peer.js';

/** @typedef {import('./rows.js').Figures} Figures */
/** @typedef {import('../load/pressure.js').Pressure} Pressure */

/** Stores a figure, and the cores that the server and the load used for it. @param {Figures} figures @param {string} row @param {Pressure} result */
export function note(figures, row, { perCpuSecond, server, load }) {
  Object.assign(figures, { [row]: perCpuSecond, [`${row}:server`]: server, [`${row}:load`]: load });
}

/** Measures operations per second of the server's CPU, with ten thousand instances. @type {import('./phases.js').Run} */
export function throughput(peer, { scale, wants }) {
  /** @type {Figures} */
  const figures = {};
  const size = Math.min(peer.most ?? scale.instances, scale.instances);
  const [ms, services] = [scale.ms, size / perService];
  return onPeer(peer, 90_000, async (on) => {
    const { pid, lanes } = on;
    const [few, several] = [lanes.slice(0, 4), lanes.slice(0, 16)];
    const [first] = lanes;
    const memoryBefore = await memoryAtFirst(on);
    if (wants('register') || wants('memory10k'))
      note(figures, 'register', await pressure({ pid, lanes, turns: size }, (lane, turn) => lane.register(turn)));
    else await fill(on, size);
    await pause(scale.settleMs / 2);
    if (peer.most === undefined) figures.memory10k = (memoryOf(pid) - memoryBefore) / size;
    /** @param {string} row @param {readonly import('../peers/peer.js').PeerLane[]} over @param {(lane: import('../peers/peer.js').PeerLane, turn: number) => Promise<unknown>} work @param {number} [per] */
    const measure = async (row, over, work, per = 1) => {
      if (!wants(row)) return;
      // The warm-up lets a server on Node compile its code; before that its figures are different.
      await pressure({ pid, lanes: over, cpuMs: ms / 2, per }, work);
      note(figures, row, await pressure({ pid, lanes: over, cpuMs: ms, per }, work));
    };
    await measure('renew', lanes, (lane, turn) => lane.renew((turn * 7) % size));
    if (first?.renewAll !== undefined)
      await measure('renewAll', few, async (lane, turn) => lane.renewAll?.(indices(turn * 100, 100, size)), 100);
    const check = wholeServices(peer.name);
    await measure('get', several, async (lane, turn) => check(await lane.get(`service-${turn % services}`)));
    if (first?.fillHashes !== undefined && wants('getHash')) {
      await first.fillHashes(services);
      const whole = wholeServices(peer.name);
      await measure('getHash', several, async (lane, turn) =>
        whole((await lane.getHash?.(`service-${turn % services}`)) ?? Buffer.alloc(0)),
      );
    }
    await measure('getCold', several, async (lane, turn) => {
      await lane.register((turn * 100) % size, `cold${turn}-${Math.random()}`);
      check(await lane.get(`service-${turn % services}`));
    });
    if (wants('list') && first !== undefined) figures.list = await listTime(first, Math.ceil(ms / 10));
    return figures;
  });
}

/** @param {import('../peers/peer.js').PeerLane} lane @param {number} count */
async function listTime(lane, count) {
  const times = [];
  const end = performance.now() + 2_000;
  for (let turn = 0; turn < count && performance.now() < end; turn += 1) {
    const before = performance.now();
    await lane.list();
    times.push(performance.now() - before);
  }
  return median(times);
}
