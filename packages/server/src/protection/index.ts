export type { Ref } from './member.ts';
export { Protection, type ProtectionOptions, type ProtectionView, type Verdict } from './protection.ts';
