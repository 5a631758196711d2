/** Failures in a row that eject a node; see {@link EjectionOptions.failures}. */
export const defaultFailures = 5;
/** Timeouts in a row that count as much as {@link defaultFailures} failures. */
export const timeoutsInRow = 2;
/** Weight of one more result in the failure share of a node. */
export const failureWeight = 0.1;
/** A failure share above this ejects, after {@link failureSamples} results. */
export const failureShareLimit = 0.5;
/** Results that are needed before the failure share alone can eject. */
export const failureSamples = 10;
/** How far the failure share of a node must exceed the median of the others before bad answers eject it. */
export const worseThanOthers = 0.3;
/** Length of the first ejection, doubling. Milliseconds. */
export const defaultEjectionBaseMs = 5_000;
/** Longest ejection. Milliseconds. */
export const defaultEjectionMaxMs = 60_000;
/** How long a returned node must answer well until its earlier ejections are forgotten. Milliseconds. */
export const forgivenAfterMs = 60_000;
/** Ejections are shorter or longer by up to this part, so that a fleet of clients does not ask in step. */
export const ejectionJitter = 0.1;
/** Largest share of a service that may be ejected for bad answers. */
export const defaultEjectionShare = 0.5;

/**
 * The share of a service's nodes that must vanish without a deregistration before they are held; see `share` of the
 * options.
 */
export const defaultGuardShare = 0.2;
/** The share of a service's nodes that must vanish, for any reason, before they are held. */
export const defaultAnyReasonShare = 0.5;
/** A loss of fewer nodes than this is believed, unless these are all nodes of the service. */
export const fewestLost = 3;
/** Removals within this time count together. Milliseconds. */
export const lossWindowMs = 60_000;
/** How long a newcomer may stand in for a node that left. Milliseconds. */
export const newcomerMs = 300_000;
/**
 * How long suspects that still connect are held: longer than usual outages of a registry, shorter than an operator's
 * patience. Milliseconds.
 */
export const defaultHoldMs = 60_000;
/** How long the last nodes of a service are held while they answer. Milliseconds. */
export const defaultLastHoldMs = 600_000;
/** A suspect that connects is used like other nodes if its last good answer was at most this old at its removal. Milliseconds. */
export const trustedForMs = 10_000;
/** Bad answers in a row after which a suspect counts as a stranger at a reused address. */
export const strangerAnswers = 3;
/** Failed connects in a row after which a suspect is gone. */
export const suspectUnreachable = 2;

/** How often suspects and late nodes are asked by TCP. Milliseconds. */
export const askIntervalMs = 5_000;
/** Two nodes that become unreachable within this time raise the alarm. Milliseconds. */
export const alarmWithinMs = 1_000;
/** An alarm asks every node, at most once in this time. Milliseconds. */
export const alarmPauseMs = 5_000;
/** A node that leaves a request unanswered for this long is asked by TCP. Milliseconds. */
export const stuckAfterMs = 1_000;

/** Time constant with which latencies fade. Milliseconds. */
export const latencyTauMs = 10_000;
/** A failure counts as at least this latency. Milliseconds. */
export const failureLatencyMs = 1_000;
/** A failure counts as at least this many times the usual latency. */
export const failureLatencyFactor = 20;

/** Weight of a newcomer at its first request. */
export const slowStartFloor = 0.1;
/** For how long a newcomer's weight grows. Milliseconds. */
export const defaultSlowStartMs = 10_000;
/** Repeats and hedges, as a share of calls. */
export const defaultRetryShare = 0.2;
/** Repeats that are allowed whatever the number of calls. */
export const retryReserve = 10;
/** The time over which the budget counts calls. Milliseconds. */
export const retryWindowMs = 10_000;

/** Time until the headers, as a limit of each connection. Milliseconds. */
export const defaultCallTimeoutMs = 30_000;
/** Attempts per call that may have reached a server. */
export const defaultAttempts = 3;
/** Limit of one connection attempt. Milliseconds. */
export const defaultConnectTimeoutMs = 1_000;
/** Simultaneous probes of one client. More finds the living among thousands of dead nodes sooner, and takes more sockets. */
export const probesInFlight = 128;
/**
 * A view is rebuilt at most once in this time. Beside 1,000 dead nodes, rebuilding at each change made calls wait for
 * 10 s. Milliseconds.
 */
export const rebuildPauseMs = 10;
/** How long the first call for a name waits for the registry's first answer. Milliseconds. */
export const firstAnswerMs = 5_000;
/** How long a call waits for a first proven node while probes are under way. Milliseconds. */
export const firstProofMs = 500;
/** Events of one service within this time share a line. Milliseconds. */
export const lineWaitMs = 50;
/** `ready()` gives up after this time. Milliseconds. */
export const defaultReadyMs = 30_000;
/** Shortest time between two writes of the snapshot file. Milliseconds. */
export const snapshotPauseMs = 1_000;
/** A snapshot file that is older than this is ignored. Milliseconds. */
export const snapshotMaxAgeMs = 604_800_000;
