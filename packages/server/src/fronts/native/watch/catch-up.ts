import type { ChangeLog } from '../../../changes/change-log.ts';
import type { Change } from '../../../roll/followers.ts';
import { type InstanceRef, keyOf } from '../../../roll/instance-ref.ts';
import type { PublishedRoll } from '../../../roll/published-roll.ts';
import { chunkBytes } from '../../../server-options.ts';
import { type Snapshots, wireBytes } from '../snapshots.ts';
import { SharedBytes } from './shared-bytes.ts';
import { eventOfChange } from './watch-events.ts';
import type { Missing, WatchFilter, WatchGroup } from './watch-group.ts';

/** Where the watches read from. */
export interface Sources {
  readonly roll: PublishedRoll;
  readonly log: ChangeLog;
  readonly snapshots: Snapshots;
}

const bytesOf = (change: Change): number => (change.type === 'put' ? wireBytes(change.instance) : 0);

/**
 * The next events of a watch: the last change of each node since its cursor, in parts, so that a slow watch holds
 * nothing that the log has forgotten. Where a snapshot is smaller, or the log does not reach back, it is a snapshot.
 * Watches with the same filter at the same revision share the answer, so all that keep up share it.
 */
export class CatchUp {
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  after<T>(cursor: number, group: WatchGroup<T>): Missing {
    const from = group.from(cursor);
    const known = group.known(this.#sources.roll.revision);
    const missing = known.get(from) ?? this.#missing(from, group.filter);
    known.set(from, missing);
    return missing;
  }

  #missing(cursor: number, filter: WatchFilter): Missing {
    const { roll, log, snapshots } = this.#sources;
    const { env, service, view } = filter;
    const since = log.since(cursor, roll.revision);
    if (since === undefined) return { type: 'snapshot' };
    const changes = lastOfEachNode(since.filter(({ instance }) => concerns(filter, instance)));
    const bytes = changes.reduce((sum, change) => sum + bytesOf(change), 0);
    if (bytes > chunkBytes && bytes > snapshots.of(env, service, view).bytes) return { type: 'snapshot' };
    const part = firstOf(changes);
    const isAll = part.length === changes.length;
    return {
      type: 'events',
      events: new SharedBytes(part.map((change) => eventOfChange(roll.epoch, change, view))),
      cursor: isAll ? roll.revision : (part.at(-1)?.revision ?? cursor),
    };
  }
}

const concerns = ({ env, service, view }: WatchFilter, instance: InstanceRef): boolean =>
  instance.env === env && (service === undefined ? view.sees(instance.service) : instance.service === service);

/** The last change of each node, in the order of revisions. */
function lastOfEachNode(changes: readonly Change[]): readonly Change[] {
  const last = new Map<string, Change>();
  for (const change of changes) {
    const key = keyOf(change.instance);
    last.delete(key);
    last.set(key, change);
  }
  return [...last.values()];
}

/** The first changes, as many as fill about one chunk, at least one. */
function firstOf(changes: readonly Change[]): readonly Change[] {
  let bytes = 0;
  const end = changes.findIndex((change) => {
    bytes += bytesOf(change);
    return bytes > chunkBytes;
  });
  return end === -1 ? changes : changes.slice(0, end + 1);
}
