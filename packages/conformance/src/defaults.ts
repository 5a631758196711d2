// All values are multiplied by the harness's patience. They bound waiting for what must happen, so they may be
// generous: a case goes on as soon as it has happened.

/** How long a call that needs no backend, or was aborted, may take to settle. Milliseconds. */
export const soonMs = 2_000;

/** How much longer than `propagationMs` other objects may take to see a write. Milliseconds. */
export const settleMs = 5_000;

/** How much longer than `propagationMs` a watcher may take to find a backend that is back. Milliseconds. */
export const recoverMs = 15_000;

/** How much a loaded machine may add to a measured time. Milliseconds. */
export const toleranceMs = 1_000;

/** Deadline of a call that the case itself ends earlier. Milliseconds. */
export const farMs = 60_000;

/** First pause between two checks of a condition. Milliseconds. */
export const firstPollMs = 2;

/** Longest pause between two checks of a condition. Milliseconds. */
export const longestPollMs = 100;

/** How much longer than `propagationMs` a case waits to see that no further event comes. Milliseconds. */
export const quietMs = 10;

/**
 * For what part of `propagationMs` each check waits to see that a state stays: only a part, since there are many
 * checks. Milliseconds.
 */
export const shortQuietMs = 30;

/** Shortest TTL in cases that only wait for its end. Milliseconds. */
export const shortTtlMs = 150;

/** Shortest TTL in cases that must renew in time on a loaded machine. Milliseconds. */
export const renewedTtlMs = 1_000;

/** How long a case may take, so that a registry that never answers does not hang the run. Milliseconds. */
export const caseMs = 60_000;

/** The runner's timeout for each case: long enough for the case to end by itself and to clean up. Milliseconds. */
export const runnerTimeoutMs = 120_000;
