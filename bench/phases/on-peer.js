import { memoryOf } from '../load/measure.js';
import { pressure } from '../load/pressure.js';
import { perService } from '../peers/instances.js';

/** @typedef {import('../peers/peer.js').Peer} Peer */
/** @typedef {import('../peers/peer.js').PeerLane} PeerLane */
/** @typedef {{ peer: Peer, pid: number, lanes: readonly PeerLane[] }} OnPeer */

/** The number of open connections; batches use 4 of them, reads use 16. */
const atOnce = 64;

/**
 * Starts a peer with nothing stored, and ends it whatever happens.
 *
 * @template T @param {Peer} peer @param {number} ttlMs @param {(on: OnPeer) => Promise<T>} work @returns {Promise<T>}
 */
export async function onPeer(peer, ttlMs, work) {
  /** @type {readonly PeerLane[]} */
  let lanes = [];
  try {
    await peer.start(ttlMs);
    lanes = await Promise.all(Array.from({ length: atOnce }, () => peer.lane()));
    return await work({ peer, pid: peer.pid(), lanes });
  } finally {
    for (const lane of lanes) lane.close();
    await peer.dispose();
  }
}

/** @param {number} from @param {number} count @param {number} size */
export const indices = (from, count, size) => Array.from({ length: count }, (_, index) => (from + index) % size);

/** Registers instances, by hundreds where the peer allows batches. @param {OnPeer} on @param {number} count @param {number} [from] */
export function fill({ pid, lanes }, count, from = 0) {
  if (lanes[0]?.registerAll === undefined)
    return pressure({ pid, lanes, turns: count }, (lane, turn) => lane.register(from + turn));
  return pressure({ pid, lanes: lanes.slice(0, 4), turns: count / 100, per: 100 }, async (lane, turn) =>
    lane.registerAll?.(indices(from + turn * 100, 100, from + count)),
  );
}

/** Registers a hundred instances, so that the peer loads its code; returns its memory. @param {OnPeer} on */
export async function memoryAtFirst(on) {
  await fill(on, 100);
  return memoryOf(on.pid);
}

/** Renews instances, by hundreds where the peer allows batches. @param {OnPeer} on @param {number} from @param {number} to */
export function renewEach({ pid, lanes }, from, to) {
  if (lanes[0]?.renewAll === undefined)
    return pressure({ pid, lanes, turns: to - from }, (lane, turn) => lane.renew(from + turn));
  return pressure({ pid, lanes: lanes.slice(0, 4), turns: Math.ceil((to - from) / 100) }, async (lane, turn) =>
    lane.renewAll?.(indices(from + turn * 100, Math.min(100, to - from - turn * 100), to)),
  );
}

/** Returns a check that throws for an answer that does not hold a whole service. @param {string} name */
export function wholeServices(name) {
  // An answer of the same length as a counted one holds as many instances, so it is not counted again.
  const lengths = new Set();
  return (/** @type {Buffer} */ answer) => {
    if (lengths.has(answer.length)) return;
    const nodes = answer.toString('latin1').match(/10\.\d+\.\d+\.\d+/g)?.length ?? 0;
    if (nodes < perService) throw new Error(`${name} answered with ${nodes} of ${perService} instances`);
    lengths.add(answer.length);
  };
}
