export {
  type ChangesQuery,
  discoveryAdmin,
  type PastServices,
  type PollQuery,
  type RollcallAdmin,
  type SetOutcome,
} from './admin.ts';
export { adapter } from './discovery-adapter.ts';
export type { DiscoveryOptions } from './discovery-options.ts';
export { discovery } from './discovery-registry.ts';
