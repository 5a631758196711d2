// The kit for authors of an adapter: docs/writing-an-adapter.md.

export { type Backoff, type BackoffOptions, createBackoff } from '../backoff.ts';
export { holdProcess, systemClock } from '../clock.ts';
export { DeadlineQueue } from '../deadline-queue.ts';
export { createRegistry } from '../guard/create-registry.ts';
export { inBackground } from '../guard/watcher.ts';
export { LeaseTable } from '../lease-table.ts';
export { compare, entryKey, groupByVersion, keyOf, sameEntry } from '../model/entry.ts';
export * as limits from '../model/limits.ts';
export { SkippedEntries } from '../skipped-entries.ts';
export { aborted, type Deadline, onAbort, pause, untilAborted, withDeadline, withFirstOf } from './abort.ts';
export type {
  AdapterDescriptor,
  CommonRegistryOptions,
  DiscoveryAdmin,
  Finding,
  RegistryFactory,
  TlsPaths,
} from './descriptor.ts';
export { diagnoseByReading, type Examination } from './diagnose.ts';
export type {
  DriverCall,
  Entry,
  EntryKey,
  Lease,
  RegistryDriver,
  WatchSink,
} from './driver.ts';
export { Failover, type FailoverOptions } from './failover.ts';
export {
  type BackendEndpoint,
  conflict,
  type EndpointRules,
  invalidOption,
  parseEndpoints,
  parseHeaderToken,
  parseTime,
  readMetadata,
  unreadableFile,
} from './readers.ts';
export { recipeOf } from './recipe.ts';
export { checkTls, explainTls, type TlsNames } from './tls-hints.ts';
