import { crash, largeCrash } from './crashing.js';
import { huge, large, rest } from './lasting.js';
import { throughput } from './throughput.js';
import { watching, watchingMany } from './watching.js';

/** @typedef {import('./rows.js').Figures} Figures */
/** @typedef {{ scale: import('../load/scales.js').Scale, wants: (row: string) => boolean, pauses: () => { full: number, other: number } }} Options `pauses`: the server's longest collections so far, in milliseconds; NaN for a server without any. */
/** @typedef {(peer: import('../peers/peer.js').Peer, options: Options) => Promise<Figures>} Run */

/**
 * A phase starts a peer with nothing stored, and measures some rows. `rounds` is the largest number of rounds:
 * a cheap phase runs all of them, any other as many as there is time for.
 * `limitMs`: a peer that takes longer is left out of that round.
 *
 * @typedef {{ what: string, rounds: number, isCheap?: boolean, limitMs: number, rows: readonly string[], run: Run }} Phase
 */

const watcherRows = (/** @type {number} */ count) =>
  ['change', 'p50of', 'p99of', 'last'].map((figure) => `${figure}${count}`);

/** @type {Readonly<Record<string, Phase>>} */
export const phases = {
  throughput: {
    ...{
      what: 'register, renew, get, list with 10,000 instances',
      rounds: 5,
      isCheap: true,
      limitMs: 90_000,
      run: throughput,
    },
    rows: ['register', 'renew', 'renewAll', 'get', 'getHash', 'getCold', 'list', 'memory10k'],
  },
  watch: {
    ...{ what: 'a change to 1, 100 and 1,000 watchers', rounds: 5, isCheap: true, limitMs: 90_000, run: watching },
    rows: ['registerAll', ...[1, 100, 1_000].flatMap(watcherRows)],
  },
  'watch-many': {
    ...{ what: 'a change to 5,000 watchers', rounds: 3, limitMs: 120_000, run: watchingMany },
    rows: watcherRows(5_000),
  },
  rest: {
    ...{ what: 'CPU at 333 beats a second, restart with 10,000', rounds: 2, limitMs: 90_000, run: rest },
    rows: ['idle', 'restart'],
  },
  crash: { what: 'crash of 5 among 1,000 that renew', rounds: 2, limitMs: 90_000, run: crash, rows: ['crash'] },
  large: {
    ...{ what: 'register, memory and restart with 100,000', rounds: 2, limitMs: 180_000, run: large },
    rows: ['register100k', 'memory100k', 'restart100k'],
  },
  'large-crash': {
    ...{ what: 'crash of 5 among 100,000 that renew', rounds: 1, limitMs: 180_000, run: largeCrash },
    rows: ['crash100k'],
  },
  huge: {
    ...{ what: 'memory and collections with 1,000,000', rounds: 1, limitMs: 400_000, run: huge },
    rows: ['memory1m', 'rss1m', 'gcFull', 'gcYoung'],
  },
};
