import { toleranceMs } from '../defaults.ts';
import { now, pause, within } from '../kit/waiting.ts';
import type { HistoryClock } from './history-options.ts';
import type { Stalls } from './stalls.ts';
import { Violation } from './violation.ts';

/** The time in which a history is played. */
export interface HistoryTime {
  /** Monotonic milliseconds. */
  now(): number;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  /** Waits for work that must end within the given milliseconds; throws a `Violation` when it does not. */
  ends<T>(what: string, limitMs: number, work: Promise<T>): Promise<T>;
  /** Whether time passes without waiting. */
  readonly isVirtual: boolean;
  /** Factor on all waiting deadlines. */
  readonly patience: number;
  /** How much the machine may add to a measured time. Milliseconds. */
  readonly slackMs: number;
  /** The milliseconds for which this process has stood still since a time. Every observation may be late by as much. */
  stalledMs(since: number): number;
}

/** How many turns of the event loop a call gets before virtual time moves on. */
const turnsBeforeTime = 12;
/** By how much virtual time moves while a call waits. Milliseconds. */
const virtualStepMs = 10;

/** Whether this process has run for `ms` milliseconds since a time. */
export const isOver = (time: HistoryTime, since: number, ms: number): boolean =>
  time.now() - since - time.stalledMs(since) >= ms;

/** Real time, with an allowance for a loaded machine. */
export function realTime(patience: number, stalls: Stalls): HistoryTime {
  return {
    now,
    stalledMs: (since) => stalls.sinceMs(since),
    pass: pause,
    isVirtual: false,
    patience,
    slackMs: toleranceMs * patience,
    async ends(what, limitMs, work) {
      const startedAt = now();
      let late = true;
      const settled = work.finally(() => {
        late = false;
      });
      for (let leftMs = limitMs * patience; ; ) {
        try {
          return await within(what, leftMs, settled);
        } catch (cause) {
          if (!late) throw cause;
          leftMs = limitMs * patience - (now() - startedAt - stalls.sinceMs(startedAt));
          if (leftMs <= 0) throw new Violation('ends', `${what} took more than ${limitMs} ms`, { cause });
        }
      }
    },
  };
}

/** The time of a clock that only moves when it is told to. */
export function virtualTime(clock: HistoryClock): HistoryTime {
  return {
    now: () => clock.now(),
    pass: (ms) => clock.advance(ms),
    isVirtual: true,
    patience: 1,
    slackMs: 1,
    stalledMs: () => 0,
    async ends(what, limitMs, work) {
      let ended = false;
      const settled = work.finally(() => {
        ended = true;
      });
      settled.catch(() => {});
      for (let turn = 0; !ended && turn < turnsBeforeTime; turn += 1) await clock.advance(0);
      for (let spent = 0; !ended && spent < limitMs; spent += virtualStepMs) await clock.advance(virtualStepMs);
      if (!ended) throw new Violation('ends', `${what} took more than ${limitMs} ms`);
      return settled;
    },
  };
}
