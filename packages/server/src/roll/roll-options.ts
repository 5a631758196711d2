import type { Clock } from '@rollcall/core';

/** What the roll is made of. */
export interface RollOptions {
  readonly clock: Clock;
  /** Self-protection; false: every expired instance is evicted at once. */
  readonly protection: boolean;
  /** What the process has spent computing, in milliseconds: tells a busy process from one that stood still. */
  readonly cpuTimeMs: () => number;
  /** What the roll may take in memory. Bytes. */
  readonly maxBytes: number;
  /** A journal writes it down. */
  readonly isKept?: boolean | undefined;
}

/** What a register answers: by this handle the caller renews and withdraws. */
export interface Lease {
  /** A safe integer. */
  readonly handle: number;
}

/** Result of a renewal: done; not on the roll, so register again; another client holds the instance. */
export type Renewal = 'renewed' | 'unknown' | 'taken';
