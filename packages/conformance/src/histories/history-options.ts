import { randomInt } from 'node:crypto';
import type { Clock } from '@rollcall/core';
import type { Harness } from '../harness.ts';

/** A clock that the histories move themselves: `manualClock` of `@rollcall/core/testing` fits. */
export interface HistoryClock extends Clock {
  /** Moves time by the given milliseconds, fires due timers and lets promises settle. */
  advance(ms: number): Promise<void>;
}

/** How {@link checkHistories} plays. */
export interface HistoryOptions {
  /**
   * Histories to play; default 100. A virtual one takes a few milliseconds, one on a real backend a few seconds. Fewer than
   * 30 find little; beyond 10,000 more commands in each find more than more of them.
   */
  readonly runs?: number | undefined;
  /** What the sequences are drawn from; default: drawn anew. It is part of the title and of every failure. */
  readonly seed?: number | undefined;
  /** Replays one failure: the path that it reported, beside its seed. */
  readonly path?: string | undefined;
  /** Commands in one history at most; default 20. */
  readonly maxCommands?: number | undefined;
  /** Histories at the same time, each on names of its own; default 1. Not together with `faults`. */
  readonly together?: number | undefined;
  /** Stop, start, freeze, resume and wipe the backend as well, if the harness can; default false. */
  readonly faults?: boolean | undefined;
  /** Time is this clock's, which `open` is given as an option; the backend must have no other. Absent: real time. */
  readonly clock?: HistoryClock | undefined;
  /** How long a failing history is made shorter. Milliseconds; default 60,000. */
  readonly shrinkMs?: number | undefined;
}

/** Options with their defaults. */
export interface HistorySettings {
  readonly harness: Harness;
  readonly runs: number;
  readonly seed: number;
  readonly path: string | undefined;
  readonly maxCommands: number;
  readonly together: number;
  readonly faults: boolean;
  readonly clock: HistoryClock | undefined;
  readonly shrinkMs: number;
}

/** Histories unless told otherwise. */
const defaultRuns = 100;
/** Commands of one history unless told otherwise. */
const defaultMaxCommands = 20;
/** How long a failure is made shorter unless told otherwise. Milliseconds. */
const defaultShrinkMs = 60_000;

/** Completes the options; throws a `TypeError` for those that contradict each other. */
export function completeOptions(harness: Harness, options: HistoryOptions): HistorySettings {
  const { runs = defaultRuns, maxCommands = defaultMaxCommands, shrinkMs = defaultShrinkMs } = options;
  const { faults = false, together = 1, clock, path, seed = randomInt(2 ** 31) } = options;
  if (faults && harness.faults === undefined) throw new TypeError('histories with faults need a harness with faults');
  if (faults && together > 1)
    throw new TypeError('histories with faults need the backend to themselves: together is 1');
  return { harness, runs, seed, path, maxCommands, together, faults, clock, shrinkMs };
}
