export { recentMs } from './constants.ts';
export type { Eviction, EvictionCause, Silence } from './member.ts';
export { Protection } from './protection.ts';
export type { ApplicationView, HeldView, ProtectionView } from './view.ts';
