/** How long an evicted instance counts as missing, and how far the two sides of a deploy may overlap. Milliseconds. */
export const recentMs = 300_000;
/**
 * How long an evicted id is remembered, so that it does not count as a newcomer when it returns. Also the ceiling of
 * silence. Milliseconds.
 */
export const ceilingMs = 3_600_000;
/** An environment remembers at most this many evicted ids, plus `rememberedPerListed` times as many as it lists. */
export const rememberedDepartures = 1_000;
/** See {@link rememberedDepartures}. */
export const rememberedPerListed = 4;
/**
 * The part of an environment that may be missing before the network is to blame: Eureka's 85 % counted from the other
 * side. See docs/design/self-protection.md.
 */
export const toleratedPart = 0.15;
/** The ceiling spends its budget once per this time, and waits as long after a total outage. Milliseconds. */
export const ceilingStepMs = 60_000;
/** How long an expired instance stays listed after protection has ended, in renew intervals of its own. */
export const quietIntervals = 2;
