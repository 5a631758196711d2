// For users of a registry. Authors of an adapter: ./adapter/index.ts.

export { systemClock } from './clock.ts';
export type * from './contract.ts';
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
export * as limits from './model/limits.ts';
export { type WaitForServiceOptions, waitForService } from './wait-for-service.ts';
