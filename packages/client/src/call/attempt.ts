/** One attempt at one node. */
import { onAbort } from '@rollcall/core/adapter';
import type { NodeState } from '../rule/node-state.ts';
import { attemptChannel } from '../shell/diagnostics.ts';
import type { FollowedService } from '../shell/followed-service.ts';
import type { Flight, InFlight } from './in-flight.ts';
import type { Ended, Job } from './job.ts';

/** An attempt under way. */
export interface Attempting<T> {
  readonly state: NodeState;
  /** Never rejects. */
  readonly ended: Promise<Ended<T>>;
  /** Ends the attempt, because its answer is not needed any more. */
  abandon(): void;
}

/** A signal for one attempt, which also ends with the call's signal; and a function that aborts it. */
function signalFor(outer: AbortSignal | undefined): {
  readonly controller: AbortController;
  readonly stop: () => void;
} {
  const controller = new AbortController();
  const stop = outer === undefined ? () => {} : onAbort(outer, () => controller.abort(outer.reason));
  return { controller, stop };
}

/** What an attempt needs besides its job and its node. */
export interface AttemptContext {
  readonly inFlight: InFlight;
  readonly signal: AbortSignal | undefined;
  /** Whether the attempt can be aborted without its call. */
  readonly ownSignal: boolean;
  /**
   * Called when the node of the attempt is dead. Returns whether the call may go to another node now; if not, the
   * attempt waits on, since the node may come back.
   */
  readonly mayLeave: () => boolean;
}

/** Begins an attempt, and reports its end to the node's state. */
export function attempt<T>(
  job: Job<T>,
  service: FollowedService,
  state: NodeState,
  context: AttemptContext,
): Attempting<T> {
  const { inFlight, signal } = context;
  const own = context.ownSignal ? signalFor(signal) : undefined;
  const startedAtMs = service.begin(state);
  let isOver = false;
  let stop = (): void => {};
  let settle: (ended: Ended<T>) => void = () => {};
  const ended = new Promise<Ended<T>>((resolve) => {
    settle = resolve;
  });
  const end = (how: Ended<T>): void => {
    isOver = true;
    inFlight.delete(flight);
    own?.stop();
    stop();
    service.end(state, how.result, startedAtMs);
    if (attemptChannel.hasSubscribers) {
      const durationMs = service.elapsedMs(startedAtMs);
      attemptChannel.publish({ service: service.name, node: state.node, result: how.result, durationMs });
    }
    settle(how);
  };
  const abandon = (how: Ended<T>): void => {
    if (isOver) return;
    end(how);
    own?.controller.abort();
  };
  const onDead = (): void => {
    if (!isOver && context.mayLeave()) abandon({ kind: 'dead', result: 'timeout' });
  };
  const flight: Flight = { state, service, startedAtMs, onDead, askAtMs: startedAtMs };
  inFlight.add(flight);
  start(job, state, own?.controller.signal ?? signal).then(
    (answer) => (isOver ? job.discard(answer) : end({ kind: 'answer', answer, result: job.judge(answer) })),
    (error: unknown) => {
      if (!isOver) end(judged(job, error, state, signal));
    },
  );
  // Ends the attempt with the signal, even if the work ignores it.
  if (signal !== undefined)
    stop = onAbort(signal, () => abandon({ kind: 'error', error: signal.reason, result: aborted(signal) }));
  return { state, ended, abandon: () => abandon({ kind: 'dead', result: 'cancelled' }) };
}

/** An `outcomeOf` that throws is a fault of the caller, so the caller gets the error and the node is not blamed. */
function judged<T>(job: Job<T>, error: unknown, { node }: NodeState, signal: AbortSignal | undefined): Ended<T> {
  try {
    return { kind: 'error', error, result: signal?.aborted ? aborted(signal) : job.judgeError(error, node) };
  } catch (fault) {
    return { kind: 'error', error: fault, result: 'cancelled' };
  }
}

/** A deadline that ends an attempt counts against the node; a caller that gives up does not. */
function aborted({ reason }: AbortSignal): 'timeout' | 'cancelled' {
  return reason instanceof Error && reason.name === 'TimeoutError' ? 'timeout' : 'cancelled';
}

async function start<T>(job: Job<T>, { node }: NodeState, signal: AbortSignal | undefined): Promise<T> {
  return job.start(node, signal);
}
