import { cpuOf, median, pause, quantile } from '../load/measure.js';
import { serviceOf } from '../peers/instances.js';
import { fill, onPeer } from './on-peer.js';
import { note } from './throughput.js';

/** @typedef {import('../peers/peer.js').Peer} Peer */

/** The longest time that a change may take to reach the last watcher, in milliseconds. */
const lostAfterMs = 20_000;
/** The number of connections that are opened at a time. */
const openedAtOnce = 50;

/** Measures a change to 1, to 100 and to 1,000 watchers. @type {import('./phases.js').Run} */
export const watching = (peer, options) => changesTo(peer, options, options.scale.watchers);
/** Measures a change to 5,000 watchers. @type {import('./phases.js').Run} */
export const watchingMany = (peer, options) => changesTo(peer, options, options.scale.manyWatchers);

/** @param {Peer} peer @param {import('./phases.js').Options} options @param {readonly (readonly [number, number])[]} counts */
async function changesTo(peer, { scale, wants }, counts) {
  /** @type {import('./rows.js').Figures} */
  const figures = {};
  // Consul takes a fifth of a second of its CPU for each change to a hundred watchers.
  const isSlow = peer.most !== undefined;
  const chosen = counts.filter(([count, events]) => events > 0 && (!isSlow || count <= 100));
  if (chosen.length === 0) return figures;
  return onPeer(peer, 600_000, async (on) => {
    const filled = await fill(on, Math.min(peer.most ?? scale.instances, scale.instances));
    if (on.lanes[0]?.registerAll !== undefined) note(figures, 'registerAll', filled);
    for (const [count, events] of chosen) {
      if (!wants(`change${count}`)) continue;
      const lane = on.lanes[0];
      if (lane === undefined) continue;
      const { cpuMs, p50, p99, last } = await changes(
        peer,
        lane,
        count,
        isSlow ? Math.ceil(events / 5) : events,
        scale.settleMs,
      );
      Object.assign(figures, { [`change${count}`]: cpuMs, [`p50of${count}`]: p50, [`last${count}`]: last });
      if (count > 1) figures[`p99of${count}`] = p99;
    }
    return figures;
  });
}

/** Measures when each watcher hears of a change. */
class Audience {
  /** The mark of the change that all watchers wait for. */
  #mark = Buffer.alloc(0);
  #missing = 0;
  #start = 0;
  /** @type {number[]} */
  #times = [];
  #onAll = () => {};

  /** Creates the listener of one watcher. */
  watcher() {
    let seen = this.#mark;
    let rest = Buffer.alloc(0);
    return (/** @type {Buffer} */ chunk) => {
      if (seen === this.#mark) return;
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      if (!bytes.includes(this.#mark)) {
        rest = Buffer.from(bytes.subarray(-this.#mark.length));
        return;
      }
      [seen, rest] = [this.#mark, Buffer.alloc(0)];
      this.#times.push(performance.now() - this.#start);
      this.#missing -= 1;
      if (this.#missing === 0) this.#onAll();
    };
  }

  /** Makes a change; resolves with the milliseconds after which each watcher heard of it. @param {number} count @param {string} mark @param {() => Promise<unknown>} change */
  async hear(count, mark, change) {
    [this.#mark, this.#missing, this.#times, this.#start] = [Buffer.from(mark), count, [], performance.now()];
    let cancel = () => {};
    const all = new Promise((resolve, reject) => {
      this.#onAll = () => resolve(undefined);
      const lost = () => reject(new Error(`${this.#missing} of ${count} watchers did not hear of a change`));
      const timer = setTimeout(lost, lostAfterMs);
      cancel = () => clearTimeout(timer);
    });
    try {
      await Promise.all([change(), all]);
    } finally {
      cancel();
    }
    return this.#times;
  }
}

/** Makes one change after another; every watcher of the service must hear each of them. @param {Peer} peer @param {import('../peers/peer.js').PeerLane} lane @param {number} count @param {number} events @param {number} settleMs */
async function changes(peer, lane, count, events, settleMs) {
  const audience = new Audience();
  /** @type {(() => void)[]} */
  const stops = [];
  for (let from = 0; from < count; from += openedAtOnce)
    stops.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(openedAtOnce, count - from) }, () =>
          peer.watch(serviceOf(0), audience.watcher()),
        ),
      )),
    );
  // The pause lets every watcher receive its first answer, which is the whole state.
  await pause(settleMs + count / 5);
  /** @type {number[][]} */
  const times = [];
  let cpuBefore = cpuOf(peer.pid());
  // As in the other phases, half as much load comes first, uncounted, so that the server's code is compiled.
  for (let event = -Math.ceil(events / 2); event < events; event += 1) {
    if (event === 0) {
      times.length = 0;
      cpuBefore = cpuOf(peer.pid());
    }
    const mark = `mark-${count}-${event}-${Math.random().toString(36).slice(2)}`;
    times.push(await audience.hear(count, mark, () => lane.register(0, mark)));
  }
  const cpuMs = ((cpuOf(peer.pid()) - cpuBefore) * 1_000) / events;
  for (const stop of stops) stop();
  await pause(settleMs / 5);
  const over = (/** @type {number} */ share) => median(times.map((each) => quantile(each, share)));
  return { cpuMs, p50: over(0.5), p99: over(0.99), last: count > 1 ? over(1) : quantile(times.flat(), 1) };
}
