/** Whether long tests run in full: `npm run test:long`. */
export const inFull: boolean = process.env.ROLLCALL_LONG !== undefined;

/** The number of rounds, packets or seconds: in full in `npm run test:long`, a tenth in `npm test`. */
export const tenthOf = (full: number): number => (inFull ? full : Math.ceil(full / 10));
