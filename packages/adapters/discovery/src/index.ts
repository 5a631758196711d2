export type { ChangesQuery, PastServices, PollQuery, RollcallAdmin, SetOutcome } from './admin.ts';
export { adapter } from './discovery-adapter.ts';
export type { DiscoveryOptions } from './discovery-options.ts';
export { discovery } from './discovery-registry.ts';
