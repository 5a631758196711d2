/** Whether tests take all the time that they take by nature: `npm run test:long`. */
export const inFull: boolean = process.env.ROLLCALL_LONG !== undefined;

/** So many rounds, packets or seconds in `npm run test:long`; a tenth of them in `npm test`. */
export const tenthOf = (full: number): number => (inFull ? full : Math.ceil(full / 10));
