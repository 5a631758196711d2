export { Protection, type ProtectionView } from './protection.ts';
