/** Deadline of a call that names none, in milliseconds: longer than an election of etcd or Consul takes. */
export const defaultTimeoutMs = 5_000;

/** Longest time that `close()` takes: well below the 10 s after which Docker kills a process. Milliseconds. */
export const defaultCloseTimeoutMs = 3_000;

/** How long `close()` waits for writes in flight, so that it can withdraw what they wrote. Milliseconds. */
export const closeGraceMs = 1_000;

/** How long the next call on a node waits for an aborted call whose driver goes on. Milliseconds. */
export const settleGraceMs = 1_000;

/** First delay after a failure, before jitter. Each further delay is twice as long, up to the cap. Milliseconds. */
export const backoffFirstMs = 100;

/**
 * Largest delay during the first minute of an outage, so that a backend is used within a second of its return. A larger
 * value saves at most one call a second. Milliseconds.
 */
export const backoffCapMs = 1_000;

/** How long an outage lasts before the larger cap applies. Milliseconds. */
export const backoffLongOutageMs = 60_000;

/** Largest delay in a long outage. Milliseconds. */
export const backoffLongCapMs = 5_000;

/**
 * A watch connection that lived for less time than this did not end the outage, so the backoff goes on. Milliseconds.
 */
export const stableAfterMs = 1_000;

/**
 * How often a watch takes a fresh snapshot, to repair what a backend dropped. Each snapshot costs a whole list.
 * Milliseconds, with 20 % jitter.
 */
export const relistIntervalMs = 300_000;

/**
 * With several endpoints: how long a silent endpoint holds up a call before the next one is asked. Shorter gives up
 * endpoints that are only busy. Milliseconds.
 */
export const failoverAfterMs = 1_000;

/** For how long an endpoint that did not answer is asked last. Milliseconds. */
export const shunnedMs = 10_000;

/**
 * How long a watch waits at most for a `Retry-After` of its backend, in milliseconds: less than the time that its start
 * may take.
 */
export const retryAfterCapMs = 4_000;
