/** Without a renewal for this long the node expires, see `ttlMs` of the options. Milliseconds. */
export const defaultTtlMs = 30_000;
/** How often the node is registered again. Milliseconds; a third of the TTL, so two may be lost. */
export const defaultRenewIntervalMs = 10_000;
/** After deregistering, how long caches may need to hear of it. Milliseconds; 0 on memory. */
export const defaultDrainMs = 2_000;
/** Renewals come up to this part early, never late: with late ones four times as many living nodes were evicted under packet loss (docs/design/time-and-deadlines.md). */
export const renewJitter = 0.1;
/** Longest that `registerCheck` may take: a check that hangs has failed, well before the default TTL is over. Milliseconds. */
export const checkTimeoutMs = 5_000;
/** How long the name of the registry's host may take when the route to it is looked up. Milliseconds. */
export const routeTimeoutMs = 2_000;
/** How often the main thread says that its loop runs, and the worker that it lives. A stall is measured as exactly as this. Milliseconds. */
export const beatMs = 250;
/** A main loop that was blocked for longer is told as `stalled`. Milliseconds. */
export const stallNoticeMs = 1_000;
/** A worker that is silent for this long has died or hangs. Milliseconds. */
export const workerSilenceMs = 5_000;
/** Longest that a worker may take to withdraw. Milliseconds. */
export const workerStopMs = 6_000;
/** After this long one line says that the server does not listen; `start()` goes on waiting. Milliseconds. */
export const listenTimeoutMs = 10_000;
/** How long a look-up of the holder of a taken id may take, for its address in the message. Milliseconds. */
export const holderTimeoutMs = 1_000;
