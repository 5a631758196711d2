export { recentMs } from './constants.ts';
export type { Eviction, EvictionCause, Silence } from './member.ts';
export { Protection, type ProtectionView } from './protection.ts';
