import { backendMutants } from './backend-mutants.ts';
import { borderMutants } from './border-mutants.ts';
import { callMutants } from './call-mutants.ts';
import { leaseMutants } from './lease-mutants.ts';
import { limitMutants } from './limit-mutants.ts';
import type { Mutant } from './mutant.ts';
import { outageMutants } from './outage-mutants.ts';
import { ownershipMutants } from './ownership-mutants.ts';
import { reportedLeaseMutants } from './reported-lease-mutants.ts';
import { reportedStoreMutants } from './reported-store-mutants.ts';
import { reportedWatchMutants } from './reported-watch-mutants.ts';
import { scopeMutants } from './scope-mutants.ts';
import { storedMutants } from './stored-mutants.ts';
import { touchMutants } from './touch-mutants.ts';
import { watchEndMutants } from './watch-end-mutants.ts';
import { watchMutants } from './watch-mutants.ts';

/** Every broken registry, with the case that must catch it. */
export const mutants: readonly Mutant[] = [
  ...[backendMutants, leaseMutants, borderMutants, limitMutants].flat(),
  ...[watchMutants, watchEndMutants, outageMutants, callMutants].flat(),
  ...[scopeMutants, touchMutants, storedMutants, ownershipMutants].flat(),
  ...[reportedLeaseMutants, reportedWatchMutants, reportedStoreMutants].flat(),
];
