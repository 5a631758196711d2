import type { ChangeLog } from '../changes/change-log.ts';
import type { RollFollower } from '../roll/followers.ts';
import type { PublishedRoll } from '../roll/published-roll.ts';
import type { Roll } from '../roll/roll.ts';
import type { ServerSettings } from '../server-options.ts';
import { DataFolder } from './data-folder.ts';
import { type Durability, notDurable } from './durability.ts';
import { DurableRoll } from './durable-roll.ts';
import { Journal } from './journal.ts';
import type { StoreThread } from './store/store-thread.ts';
import type { StoreObserver } from './store-observer.ts';

/** The roll to keep, and its followers. */
export interface KeepRollOptions {
  readonly settings: ServerSettings;
  /** The store of the data folder; undefined: the server has no data folder. */
  readonly store: StoreThread | undefined;
  readonly roll: Roll;
  /** The result of {@link publishedOf}. */
  readonly published: PublishedRoll;
  readonly log: ChangeLog;
  /** Makes the observer of the store; called only where there is a store. */
  readonly observe: () => StoreObserver;
  /** The followers that hear of each change when readers may see it. */
  readonly followers: readonly RollFollower[];
}

/** The roll as readers see it: the roll itself, or, with a store, only its durable part. */
export const publishedOf = (roll: Roll, isKept: boolean): PublishedRoll => (isKept ? new DurableRoll(roll) : roll);

/** Lets the followers follow the roll: at once, or, with a data folder, when each change is in the store. */
export function keepRoll({ settings, store, roll, published, log, observe, followers }: KeepRollOptions): {
  readonly durability: Durability;
  readonly folder: DataFolder | undefined;
} {
  const { dataDir, clock, logger } = settings;
  if (dataDir === undefined || store === undefined || !(published instanceof DurableRoll)) {
    for (const follower of followers) roll.follow(follower);
    return { durability: notDurable, folder: undefined };
  }
  const completeAfter = (): number => log.completeAfter;
  const journal = new Journal({ roll, published, clock, logger, followers, observer: observe(), completeAfter });
  return { durability: journal, folder: new DataFolder(dataDir, store, { roll, published, log, journal }, logger) };
}
