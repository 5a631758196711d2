/**
 * How much a run does. @typedef {object} Scale
 * @property {number} instances @property {number} large @property {number} huge Of the phases by that name.
 * @property {number} ms Of the server's CPU, for each figure of a throughput, after half as much to warm up.
 * @property {number} idleMs @property {number} crashTtlMs
 * @property {readonly (readonly [number, number])[]} watchers How many, and how many changes they are told.
 * @property {readonly (readonly [number, number])[]} manyWatchers
 * @property {number} settleMs Before memory or CPU at rest is read.
 */

/** What the page is made of. @type {Scale} */
export const full = {
  ...{ instances: 10_000, large: 100_000, huge: 1_000_000, ms: 600, idleMs: 10_000, crashTtlMs: 10_000 },
  ...{
    watchers: [
      [1, 200],
      [100, 60],
      [1_000, 20],
    ],
    manyWatchers: [[5_000, 10]],
    settleMs: 1_000,
  },
};

/** To see in a minute whether a change goes the right way. @type {Scale} */
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

/** To see that it runs. @type {Scale} */
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
