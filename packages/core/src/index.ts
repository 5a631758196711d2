export type * from './contract.ts';
export { type RegistryErrorCode, RegistryError } from './errors.ts';
export { holdProcess, systemClock } from './clock.ts';
