import type { Clock } from '@rollcall/core';

/** What the roll is made of. */
export interface RollOptions {
  readonly clock: Clock;
  /** Self-protection; false: every expired instance is evicted at once. */
  readonly protection: boolean;
  /** Milliseconds that the process has spent computing, which tells a busy process from a stopped one. */
  readonly cpuTimeMs: () => number;
  /** Bytes of memory that the roll may take. */
  readonly maxBytes: number;
  /** Whether a journal writes the roll down. */
  readonly isKept?: boolean | undefined;
}

/** The answer of a register: the caller renews and withdraws by this handle. */
export interface Lease {
  /** A safe integer. */
  readonly handle: number;
}

/** Result of a renewal: renewed; unknown, so register again; taken, since another client holds the instance. */
export type Renewal = 'renewed' | 'unknown' | 'taken';
