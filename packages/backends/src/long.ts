/** Whether tests take all the time that they take by nature: `npm run test:long`. */
export const inFull: boolean = process.env.ROLLCALL_LONG !== undefined;

/** The full number of rounds, packets or seconds in `npm run test:long`; a tenth of it in `npm test`. */
export const tenthOf = (full: number): number => (inFull ? full : Math.ceil(full / 10));
