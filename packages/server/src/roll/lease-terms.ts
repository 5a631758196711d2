import { leaseResolutionMs, minTtlMs } from '../server-options.ts';

/** How long an instance may be silent and how often it renews. Milliseconds; `ttlMs: 0`: it has no lease. */
export interface LeaseTerms {
  readonly ttlMs: number;
  readonly renewIntervalMs: number;
}

const roundUp = (ms: number, leastMs: number): number =>
  Math.ceil(Math.max(ms, leastMs) / leaseResolutionMs) * leaseResolutionMs;

/** The terms as the roll keeps them, for every front: raised to the shortest allowed, and rounded up. */
export function roundTerms({ ttlMs, renewIntervalMs }: LeaseTerms): LeaseTerms {
  return {
    ttlMs: ttlMs === 0 ? 0 : roundUp(ttlMs, minTtlMs),
    renewIntervalMs: roundUp(renewIntervalMs, leaseResolutionMs),
  };
}
