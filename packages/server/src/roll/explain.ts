import type { ProtectionView } from '../protection/index.ts';
import { countOf, spellDuration } from './spell.ts';

/**
 * `disabled`: switched off. `calm`: nothing is held. `protecting`: too many are missing, and nothing is evicted.
 * `waiting`: enough are back, and an expired instance stays listed until two of its own intervals are quiet.
 */
export type ProtectionState = 'disabled' | 'calm' | 'waiting' | 'protecting';

/** The numbers that the explanation of an environment's self-protection is made of. */
export interface EnvironmentNumbers {
  readonly env: string;
  readonly state: ProtectionState;
  readonly instances: number;
  readonly late: number;
  /** Instances out of service: listed, but not to be called. */
  readonly out: number;
  readonly missing: number;
  readonly considered: number;
  readonly threshold: number;
  readonly held: number;
  readonly on: boolean;
  readonly onForMs: number | undefined;
  readonly heard: boolean;
  /** Time until the first expired instance may be evicted if nothing changes until then. */
  readonly firstMayGoInMs: number | undefined;
  readonly forgetsInMs: number | undefined;
}

/** The numbers that the sentences need. */
export type Explained = Omit<EnvironmentNumbers, 'late' | 'out' | 'on'>;

/** The state of an environment by its numbers. */
export function stateOf(enabled: boolean, { missing, threshold, on }: ProtectionView): ProtectionState {
  if (!enabled) return 'disabled';
  if (missing > threshold) return 'protecting';
  return on ? 'waiting' : 'calm';
}

/** Self-protection of an environment in a sentence or two for an operator. */
export function explain(numbers: Explained): string {
  const { state, instances, missing, considered, threshold } = numbers;
  if (instances === 0 && considered === 0) return 'The roll is empty.';
  if (state === 'disabled') return 'Self-protection is switched off: each instance is evicted when its TTL runs out.';
  const silent = `${missing} of ${considered} are silent or were evicted in the last five minutes with no newcomer in their place`;
  if (state === 'protecting')
    return `Protecting${forTime(numbers)}: ${silent}, more than ${threshold}. ${course(numbers)}`;
  const calm = `${silent}; more than ${threshold} would be too many`;
  if (state === 'calm') return `Not protecting: ${calm}.`;
  return `Protection has ended, or has not begun (${calm}), but ${waiting(numbers)}`;
}

const forTime = ({ onForMs }: Explained): string => (onForMs === undefined ? '' : ` for ${spellDuration(onForMs)}`);

/** What happens during protection, and what ends it. */
function course({ env, missing, threshold, held, firstMayGoInMs, forgetsInMs, heard }: Explained): string {
  const stay = `The registry blames the network and evicts none; the silent stay listed, marked late${held === 0 ? '' : `, ${held} of them beyond their TTL`}.`;
  const back = missing - threshold;
  const forgotten =
    forgetsInMs === undefined ? '' : `, or as the evicted are forgotten (the first in ${spellDuration(forgetsInMs)})`;
  const ends = `It ends when ${back} of them ${back === 1 ? 'has renewed or is' : 'have renewed or are'} replaced${forgotten}.`;
  const ceiling =
    firstMayGoInMs === undefined
      ? ''
      : ` An instance that stays silent is evicted after an hour, the first in ${spellDuration(firstMayGoInMs)}${heard ? '' : ', and none while no instance at all renews'}.`;
  return `${stay} ${ends}${ceiling} To evict the expired now: ${endCommand(env)}.`;
}

function waiting({ held, firstMayGoInMs }: Explained): string {
  const is = held === 1 ? 'is' : 'are';
  return `${countOf(held, 'expired instance')} ${is} still listed and ${is} evicted after two quiet intervals of ${held === 1 ? 'its' : 'their'} own${firstMayGoInMs === undefined ? '' : `, the first in ${spellDuration(firstMayGoInMs)}`}.`;
}

const endCommand = (env: string): string =>
  `rollcall protection end${env === 'default' ? '' : ` --registry-namespace ${env}`}`;
