/** Failures in a row that eject a node; see {@link EjectionOptions.failures}. */
export const defaultFailures = 5;
/** Timeouts in a row that weigh as much as {@link defaultFailures} failures. */
export const timeoutsInRow = 2;
/** Weight of one more result in the failure share of a node. */
export const failureWeight = 0.1;
/** A failure share above it ejects, after {@link failureSamples} results. */
export const failureShareLimit = 0.5;
/** Results that must be known before the failure share alone decides. */
export const failureSamples = 10;
/** How far the failure share of a node must exceed the median of the others before bad answers eject it. */
export const worseThanOthers = 0.3;
/** Length of the first ejection, doubling. Milliseconds. */
export const defaultEjectionBaseMs = 5_000;
/** Longest ejection, and how long a returned node must behave until its ejections are forgotten. Milliseconds. */
export const defaultEjectionMaxMs = 60_000;
/** How long a returned node must behave until its earlier ejections are forgotten. Milliseconds. */
export const forgivenAfterMs = 60_000;
/** Ejections are up to this much shorter or longer, so that a fleet of clients does not ask in step. */
export const ejectionJitter = 0.1;
/** Largest share of a service that is ejected for bad answers. */
export const defaultEjectionShare = 0.5;

/** Share of a service that must vanish undeclared to be held; see `share` of the options. */
export const defaultGuardShare = 0.2;
/** Share of a service that must vanish to be held whatever the reason. */
export const defaultAnyReasonShare = 0.5;
/** A loss of fewer nodes is believed, unless it is all nodes of the service. */
export const fewestLost = 3;
/** Removals within it count together. Milliseconds. */
export const lossWindowMs = 60_000;
/** How long a newcomer may stand in for a node that left. Milliseconds. */
export const newcomerMs = 300_000;
/** How long suspects that still connect are held: above the outages that a registry has, below the patience of an operator. Milliseconds. */
export const defaultHoldMs = 60_000;
/** How long the last nodes of a service are held while they answer. Milliseconds. */
export const defaultLastHoldMs = 600_000;
/** How recent a good answer must be, at its removal, for a suspect that connects to be used like the rest. Milliseconds. */
export const trustedForMs = 10_000;
/** Bad answers in a row after which a suspect is taken for a stranger at a reused address. */
export const strangerAnswers = 3;
/** Failed connects in a row after which a suspect is gone. */
export const suspectUnreachable = 2;

/** How often suspects and late nodes are asked by TCP. Milliseconds. */
export const askIntervalMs = 5_000;
/** Two nodes unreachable within it raise the alarm. Milliseconds. */
export const alarmWithinMs = 1_000;
/** The alarm asks every node, at most once per this. Milliseconds. */
export const alarmPauseMs = 5_000;
/** Time without an answer after which a silent node is asked by TCP. Milliseconds. */
export const stuckAfterMs = 1_000;

/** How fast latencies fade. Milliseconds. */
export const latencyTauMs = 10_000;
/** A failure counts as at least this latency. Milliseconds. */
export const failureLatencyMs = 1_000;
/** A failure counts as at least this many times the usual latency. */
export const failureLatencyFactor = 20;

/** Weight of a newcomer at its first request. */
export const slowStartFloor = 0.1;
/** How long a newcomer's weight grows. Milliseconds. */
export const defaultSlowStartMs = 10_000;
/** Repeats and hedges per call. */
export const defaultRetryShare = 0.2;
/** Repeats that are allowed whatever the number of calls. */
export const retryReserve = 10;
/** What the budget counts over. Milliseconds. */
export const retryWindowMs = 10_000;

/** Until the headers, as a limit of each connection. Milliseconds. */
export const defaultCallTimeoutMs = 30_000;
/** Attempts that may have reached a server. */
export const defaultAttempts = 3;
/** Limit of one connection attempt. Milliseconds. */
export const defaultConnectTimeoutMs = 1_000;
/** Probes in flight of one client. More finds the living among thousands of dead sooner, and takes more sockets at once. */
export const probesInFlight = 128;
/** A view is rebuilt at most once per this: beside 1,000 dead nodes, rebuilding at each change made calls wait for 10 s. Milliseconds. */
export const rebuildPauseMs = 10;
/** How long the first call for a name waits for the registry's first answer. Milliseconds. */
export const firstAnswerMs = 5_000;
/** While no node is proven and probes are under way, how long a call waits for the first proof. Milliseconds. */
export const firstProofMs = 500;
/** What happens to the nodes of a service within it is told in one line. Milliseconds. */
export const lineWaitMs = 50;
/** `ready()` gives up after it. Milliseconds. */
export const defaultReadyMs = 30_000;
/** Shortest time between two writes of the snapshot file. Milliseconds. */
export const snapshotPauseMs = 1_000;
/** An older snapshot is ignored. Milliseconds. */
export const snapshotMaxAgeMs = 604_800_000;
