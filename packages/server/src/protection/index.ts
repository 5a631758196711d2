export { recentMs } from './constants.ts';
export type { EvictionCause, Judged, Member } from './member.ts';
export { Protection } from './protection.ts';
export type { RememberedMember } from './remembered.ts';
export type { ApplicationView, HeldView, ProtectionView } from './view.ts';
