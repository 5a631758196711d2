export { type FaultyRegistry, faulty } from './faulty.ts';
export { type ManualClock, manualClock } from './manual-clock.ts';
