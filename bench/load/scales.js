/**
 * The amount of work of a run. @typedef {object} Scale
 * @property {number} instances @property {number} large @property {number} huge The instances of the phases of that name.
 * @property {number} ms The server's CPU time for each throughput figure; the warm-up before it takes half as much.
 * @property {number} idleMs @property {number} crashTtlMs
 * @property {readonly (readonly [number, number])[]} watchers Pairs: the number of watchers, and of changes that they hear.
 * @property {readonly (readonly [number, number])[]} manyWatchers
 * @property {number} settleMs The pause before memory or idle CPU is read.
 */

/** The scale of the figures in docs/performance.md. @type {Scale} */
export const full = {
  ...{ instances: 10_000, large: 100_000, huge: 1_000_000, ms: 600, idleMs: 10_000, crashTtlMs: 10_000 },
  ...{
    watchers: [
      [1, 200],
      [100, 60],
      [1_000, 40],
    ],
    manyWatchers: [[5_000, 10]],
    settleMs: 1_000,
  },
};

/** The scale that shows within a minute whether a change helps. @type {Scale} */
export const quick = {
  ...{ instances: 2_000, large: 10_000, huge: 50_000, ms: 300, idleMs: 3_000, crashTtlMs: 3_000 },
  ...{
    watchers: [
      [1, 50],
      [100, 10],
      [1_000, 5],
    ],
    manyWatchers: [[5_000, 3]],
    settleMs: 500,
  },
};

/** The scale that shows only that the benchmark runs. @type {Scale} */
export const tiny = {
  ...{ instances: 100, large: 200, huge: 300, ms: 20, idleMs: 100, crashTtlMs: 4_000 },
  ...{
    watchers: [
      [1, 2],
      [100, 1],
      [1_000, 0],
    ],
    manyWatchers: [[5_000, 0]],
    settleMs: 20,
  },
};
