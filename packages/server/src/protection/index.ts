export { Protection, type ProtectionView } from './protection.ts';
export type { RememberedMember } from './remembered.ts';
