import type { MemorySettings } from './memory-options.ts';
import { Roll } from './roll.ts';

// Kept on the global object, so that two installed copies of this package share it. The number in the name changes with the shape of Roll.
const shared = Symbol.for('rollcall.memory.rolls/1');
type Rolls = Map<string, Roll>;

function rolls(): Rolls {
  const holder = globalThis as { [shared]?: Rolls };
  holder[shared] ??= new Map();
  return holder[shared];
}

/** The roll of a namespace: the first object that joins makes it, with its own clock. Without a namespace, a private one. */
export function rollOf({ namespace, clock }: MemorySettings): Roll {
  if (namespace === undefined) return new Roll(clock);
  const roll = rolls().get(namespace) ?? new Roll(clock);
  rolls().set(namespace, roll);
  return roll;
}

/** Forgets a namespace without users and without nodes. */
export function forget(namespace: string | undefined, roll: Roll): void {
  if (namespace !== undefined && roll.abandoned && rolls().get(namespace) === roll) rolls().delete(namespace);
}
