import type { ProtectionView } from '../protection/index.ts';

/** Self-protection in one sentence for an operator. */
export function explain(instances: number, { missing, considered, threshold, held, on }: ProtectionView): string {
  const numbers = `${missing} of ${considered} are silent or were evicted in the last five minutes with no newcomer in their place; more than ${threshold} would be too many`;
  if (instances === 0 && considered === 0) return 'The roll is empty.';
  if (!on) return `Not protecting: ${numbers}.`;
  if (missing > threshold) {
    return `Protecting: ${missing} of ${considered} are silent or were evicted in the last five minutes with no newcomer in their place, more than ${threshold}. The registry blames the network and evicts none; the silent stay listed, marked late, until they renew, are replaced, or an hour has passed. End it with: rollcall protection end.`;
  }
  return `Enough are back (${numbers}); ${held} expired are still listed and are evicted after two of their own intervals of quiet.`;
}
