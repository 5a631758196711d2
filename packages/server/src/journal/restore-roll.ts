import type { ChangeLog } from '../changes/change-log.ts';
import type { Change } from '../roll/followers.ts';
import type { Kept } from '../roll/keeping.ts';
import type { Roll } from '../roll/roll.ts';
import type { DurableRoll } from './durable-roll.ts';
import type { Journal } from './journal.ts';
import { envOf, readChange, readKept, readState } from './records.ts';
import type { Opened, Part } from './store/group.ts';

/** The parts of the server that a restart fills from the store. */
export interface RestoreTargets {
  readonly roll: Roll;
  readonly published: DurableRoll;
  readonly log: ChangeLog;
  readonly journal: Journal;
}

/** A store that is being read. */
export interface ReadableStore {
  read(onPart: (part: Part) => void): Promise<void>;
}

/** How far a restart is. */
export interface RestoreProgress {
  readonly read: number;
  readonly total: number;
}

/**
 * Fills the roll from a store; returns the offset for lease-clock times that makes them go on from the stored ones. A
 * copy of a folder, or a backup, begins a new epoch: the original may have gone on too, so no old cursor or handle
 * means the same here.
 */
export async function restoreRoll(
  store: ReadableStore,
  { state: text, isCopy, entries: total }: Opened,
  { roll, published, log, journal }: RestoreTargets,
  onProgress: (progress: RestoreProgress) => void,
): Promise<number> {
  if (text === undefined) {
    await store.read(() => {});
    return 0;
  }
  const state = readState(text);
  const { keeping } = roll;
  const axis = state.leaseNow - keeping.state.leaseNow;
  keeping.resume(isCopy ? { revision: state.revision } : state);
  const byEnv = new Map<string, Kept[]>();
  const changes: Change[] = [];
  let read = 0;
  await store.read((part) => {
    for (const [key, entry] of part.entries) {
      const env = envOf(key);
      const kept = byEnv.get(env) ?? [];
      byEnv.set(env, kept);
      kept.push(readKept(key, entry, axis));
    }
    for (const [, change] of part.changes) changes.push(readChange(change));
    read += part.entries.length;
    onProgress({ read, total });
  });
  const protectingSince = new Map(state.protectingSince);
  for (const [env, kept] of byEnv) {
    keeping.restore(env, kept, isCopy, protectingSince.get(env));
    // A new epoch gives new handles.
    if (isCopy) for (const { listing } of kept) if (listing !== undefined) journal.touch(listing.instance);
  }
  published.begin(state.revision);
  log.restore(isCopy ? [] : changes, state.revision);
  return axis;
}
