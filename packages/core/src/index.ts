// For users of a registry.

export { type Backoff, type BackoffOptions, createBackoff } from './backoff.ts';
export { holdProcess, systemClock } from './clock.ts';
export type * from './contract.ts';
export type { Diagnose, Diagnosis, Finding } from './diagnosis.ts';
export {
  type CallMessage,
  callChannel,
  type LeaseMessage,
  leaseChannel,
  type WatchMessage,
  watchChannel,
} from './diagnostics.ts';
export { RegistryError, type RegistryErrorCode } from './errors.ts';
export { type FollowOptions, follow } from './follow.ts';
// For authors of an adapter.
export { createRegistry } from './guard/create-registry.ts';
export { LeaseTable } from './lease-table.ts';
export { compare, entryKey, groupByVersion, keyOf, sameEntry } from './model/entry.ts';
export * as limits from './model/limits.ts';
export { SkippedEntries } from './skipped-entries.ts';
export { type WaitForServiceOptions, waitForService } from './wait-for-service.ts';
