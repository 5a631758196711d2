import { randomInt } from 'node:crypto';
import type { Clock } from '@rollcall/core';
import type { Harness } from '../harness.ts';

/** A clock that the histories move themselves: `manualClock` of `@rollcall/core/testing` works. */
export interface HistoryClock extends Clock {
  /** Moves time by the given milliseconds, fires due timers and lets promises settle. */
  advance(ms: number): Promise<void>;
}

/** Options of {@link checkHistories}. */
export interface HistoryOptions {
  /**
   * Histories to play; default 100. Sensible values are 30 to 10,000; fewer find little, and above that more commands
   * in each history find more. A virtual history takes a few milliseconds, one on a real backend a few seconds.
   */
  readonly runs?: number | undefined;
  /** The seed of the sequences; default: a new random one. It is part of the title and of every failure. */
  readonly seed?: number | undefined;
  /** Replays one failure: the path that it reported, together with its seed. */
  readonly path?: string | undefined;
  /**
   * Most commands in one history; default 20. Sensible values are 10 to 50; more finds longer chains of causes, and
   * takes longer to shorten.
   */
  readonly maxCommands?: number | undefined;
  /**
   * Histories at the same time, each with names of its own; default 1. Not together with `faults`. Sensible values are
   * 1 to 10; more takes less time where a backend mostly waits, and loads the machine.
   */
  readonly together?: number | undefined;
  /** Whether histories also stop, start, freeze, resume and wipe the backend, if the harness can; default false. */
  readonly faults?: boolean | undefined;
  /** The clock of the histories, passed to `open` as an option; the backend must use no other. Absent: real time. */
  readonly clock?: HistoryClock | undefined;
  /**
   * For how long a failing history is shortened. Milliseconds; default 60,000. Sensible values are 10 s to 10 minutes;
   * longer gives shorter reports, shorter ends a failing run sooner.
   */
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

/** Default number of histories. */
const defaultRuns = 100;
/** Default number of commands of one history. */
const defaultMaxCommands = 20;
/** Default time for shortening a failure. Milliseconds. */
const defaultShrinkMs = 60_000;

/** Completes the options; throws a `TypeError` for options that contradict each other. */
export function completeOptions(harness: Harness, options: HistoryOptions): HistorySettings {
  const { runs = defaultRuns, maxCommands = defaultMaxCommands, shrinkMs = defaultShrinkMs } = options;
  const { faults = false, together = 1, clock, path, seed = randomInt(2 ** 31) } = options;
  if (faults && harness.faults === undefined)
    throw new TypeError('histories with faults need a harness with faults: give it faults, or set faults to false');
  if (faults && together > 1)
    throw new TypeError('histories with faults need the backend to themselves: set together to 1');
  return { harness, runs, seed, path, maxCommands, together, faults, clock, shrinkMs };
}
