/** How long an evicted instance counts as missing, and how far a deploy may overlap. Milliseconds. */
export const recentMs = 300_000;
/** How long an evicted id is known, so that its return is no newcomer; also the ceiling of silence. Milliseconds. */
export const ceilingMs = 3_600_000;
/** An environment remembers at most this many evicted ids, plus `rememberedPerListed` times as many as it lists. */
export const rememberedDepartures = 1_000;
/** See {@link rememberedDepartures}. */
export const rememberedPerListed = 4;
/** The part of an environment that may be missing before the network is to blame; Eureka's 85 %, seen from the other side: docs/design/self-protection.md. */
export const toleratedPart = 0.15;
/** At the ceiling the budget is spent once per this time, and the ceiling waits as long after a total outage. Milliseconds. */
export const ceilingStepMs = 60_000;
/** An expired instance is evicted after this many of its own intervals without protection. */
export const quietIntervals = 2;
