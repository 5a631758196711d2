/** The node expires this long after its last renewal; see `ttlMs` of the options. Milliseconds. */
export const defaultTtlMs = 30_000;
/** How often the node is registered again. Milliseconds; a third of the TTL, so that two renewals may be lost. */
export const defaultRenewIntervalMs = 10_000;
/** How long caches get to hear of the deregistration. Milliseconds; 0 on memory. */
export const defaultDrainMs = 2_000;
/**
 * Renewals come early by up to this part, never late. With late ones, four times as many living nodes were evicted
 * under packet loss (docs/design/time-and-deadlines.md).
 */
export const renewJitter = 0.1;
/** Longest time that `registerCheck` may take: a check that hangs has failed, well before the default TTL is over. Milliseconds. */
export const checkTimeoutMs = 5_000;
/** How long the look-up of the backend's host name may take, for the route to it. Milliseconds. */
export const routeTimeoutMs = 2_000;
/** How often main thread and worker signal each other that they run, which is the precision of a measured stall. Milliseconds. */
export const beatMs = 250;
/** A main loop that was blocked for longer is reported as `stalled`. Milliseconds. */
export const stallNoticeMs = 1_000;
/** A worker that is silent for this long counts as dead or hanging. Milliseconds. */
export const workerSilenceMs = 5_000;
/** Longest time that a worker may take to withdraw. Milliseconds. */
export const workerStopMs = 6_000;
/** The time until a line says that the server does not listen yet; `start()` goes on waiting. Milliseconds. */
export const listenTimeoutMs = 10_000;
/** How long the look-up of a taken id's holder may take, for the address in the message. Milliseconds. */
export const holderTimeoutMs = 1_000;
