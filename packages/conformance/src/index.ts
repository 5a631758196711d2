export type { Case } from './case.ts';
export { describeRegistry } from './describe-registry.ts';
export type { Faults, Harness, TestRunner } from './harness.ts';
export { registryCases } from './registry-cases.ts';
