/** How long one that was struck off counts as missing, and how far a deploy may overlap. Milliseconds. */
export const recentMs = 300_000;
/** How long an id that was struck off is known, so that its return is no newcomer; also the ceiling of silence. Milliseconds. */
export const ceilingMs = 3_600_000;
/** The part of an environment that may be missing before the network is to blame: one that fell below the seed's 85 %. */
export const toleratedPart = 0.15;
/** Of silence at the ceiling so many are struck off per this time, and it waits for it after a total outage. Milliseconds. */
export const ceilingStepMs = 60_000;
/** An expired one is struck off after this many of its own intervals without protection. */
export const quietIntervals = 2;
