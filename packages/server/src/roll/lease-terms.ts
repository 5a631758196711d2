import { leaseResolutionMs, minTtlMs } from '../server-options.ts';

/** How long an instance may be silent and how often it renews. Milliseconds; `ttlMs: 0`: it has no lease. */
export interface LeaseTerms {
  readonly ttlMs: number;
  readonly renewIntervalMs: number;
}

const roundUp = (ms: number, leastMs: number): number =>
  Math.ceil(Math.max(ms, leastMs) / leaseResolutionMs) * leaseResolutionMs;

/** As the roll keeps them, whatever front they come through: raised to the shortest and rounded up. */
export function roundTerms({ ttlMs, renewIntervalMs }: LeaseTerms): LeaseTerms {
  return {
    ttlMs: ttlMs === 0 ? 0 : roundUp(ttlMs, minTtlMs),
    renewIntervalMs: roundUp(renewIntervalMs, leaseResolutionMs),
  };
}
