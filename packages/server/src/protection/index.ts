export type { Member } from './member.ts';
export { Protection, type ProtectionView } from './protection.ts';
export type { RememberedMember } from './remembered.ts';
