import { median, pause } from '../load/measure.js';
import { perService, serviceOf } from '../peers/instances.js';
import { fill, onPeer, renewEach } from './on-peer.js';

/** The number of instances that fall silent. */
const silent = 5;
/** The polling interval where watchers do not hear of expiries, in milliseconds. */
const lookMs = 5;

/** Five of a thousand instances fall silent. @type {import('./phases.js').Run} */
export const crash = async (peer, { scale }) => ({
  crash: await beyondTtl(peer, scale.instances / 10, scale.crashTtlMs, scale.settleMs),
});

/** Five of a hundred thousand fall silent; the longer TTL lets a busy machine renew all of them in time. @type {import('./phases.js').Run} */
export const largeCrash = async (peer, { scale }) =>
  // Peers that renew one by one, or that store a renewal like a change, cannot renew all of them in time.
  peer.most === undefined && peer.isGone !== undefined
    ? { crash100k: await beyondTtl(peer, scale.large, 3 * scale.crashTtlMs, scale.settleMs) }
    : {};

/** Measures the eviction time past the TTL. The others renew all the time, so that self-protection stays off. @param {import('../peers/peer.js').Peer} peer @param {number} wanted @param {number} ttlMs @param {number} settleMs */
async function beyondTtl(peer, wanted, ttlMs, settleMs) {
  const size = Math.max(perService, Math.min(peer.most ?? wanted, wanted));
  return onPeer(peer, ttlMs, async (on) => {
    // A hundred thousand single registrations on disk take minutes, and the registered instances must renew meanwhile.
    if (wanted > perService * 100 && on.lanes[0]?.registerAll === undefined && !peer.isVolatile) return Number.NaN;
    const [beating, filling] = [on.lanes.slice(0, 8), on.lanes.slice(8)];
    let filled = 0;
    const stopAll = keepRenewing({ ...on, lanes: beating }, ttlMs, () => [0, filled]);
    // The first instances must not expire while the rest register.
    for (const step = Math.min(size, 10 * perService); filled < size; filled += step)
      await fill({ ...on, lanes: filling }, step, filled);
    await stopAll();
    // The server may have closed a connection that was idle for a minute, so two new ones are opened.
    const [one, other] = [await peer.lane(), await peer.lane()];
    const ears = await listen(peer, other);
    await pause(settleMs / 2);
    /** @type {number[]} */
    const lastBeat = [];
    for (let index = 0; index < silent; index += 1) {
      await one.renew(index);
      lastBeat.push(performance.now());
    }
    const stopOthers = keepRenewing({ ...on, lanes: beating }, ttlMs, () => [silent, size]);
    const end = performance.now() + 2 * ttlMs;
    while (ears.heardAt.size < silent && performance.now() < end) await pause(20);
    await stopOthers();
    ears.stop();
    for (const lane of [one, other]) lane.close();
    if (ears.heardAt.size < silent)
      throw new Error(`of ${silent - ears.heardAt.size} that fell silent nothing was heard`);
    return median(lastBeat.map((at, index) => (ears.heardAt.get(index) ?? Number.NaN) - at - ttlMs));
  });
}

/** Renews a range six times per TTL, so that a slow machine is still in time; returns a function that stops it. @param {import('./on-peer.js').OnPeer} on @param {number} ttlMs @param {() => readonly [number, number]} range */
function keepRenewing(on, ttlMs, range) {
  let isOn = true;
  const renewing = (async () => {
    while (isOn) {
      const begun = performance.now();
      await renewEach(on, ...range());
      while (isOn && performance.now() - begun < ttlMs / 6) await pause(10);
    }
  })();
  renewing.catch(() => {});
  return () => {
    isOn = false;
    return renewing;
  };
}

/** Records when a watcher hears (or polling shows) that each silent instance is gone. @param {import('../peers/peer.js').Peer} peer @param {import('../peers/peer.js').PeerLane} lane */
async function listen({ watch, isGone }, lane) {
  /** @type {Map<number, number>} */
  const heardAt = new Map();
  const each = (/** @type {(index: number) => boolean} */ isOver) => {
    for (let index = 0; index < silent; index += 1)
      if (!heardAt.has(index) && isOver(index)) heardAt.set(index, performance.now());
  };
  if (isGone !== undefined)
    return { heardAt, stop: await watch(serviceOf(0), (chunk) => each((index) => isGone(chunk, index))) };
  let isOpen = true;
  const look = async () => {
    while (isOpen) {
      for (let index = 0; index < silent; index += 1) {
        const isThere = await lane.has?.(index);
        each((other) => other === index && isThere === false);
      }
      await pause(lookMs);
    }
  };
  look().catch(() => {});
  return {
    heardAt,
    stop: () => {
      isOpen = false;
    },
  };
}
