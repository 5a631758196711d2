import type { ChangeLog } from '../../../changes/change-log.ts';
import type { Change } from '../../../roll/followers.ts';
import { keyOf } from '../../../roll/instance-ref.ts';
import type { Roll } from '../../../roll/roll.ts';
import { chunkBytes } from '../../../server-options.ts';
import { type Snapshots, wireBytes } from '../snapshots.ts';

/** What a watch wants to hear of. */
export interface WatchFilter {
  readonly env: string;
  /** Undefined: all of the env. */
  readonly service: string | undefined;
}

/** What a watch lacks: everything, or some changes after which it stands at `cursor`. */
export type Missing =
  | { readonly type: 'snapshot' }
  | { readonly type: 'changes'; readonly changes: readonly Change[]; readonly cursor: number };

/** Whether a watch is told this change. */
export const concerns = ({ env, service }: WatchFilter, { instance }: Change): boolean =>
  instance.env === env && (service === undefined || instance.service === service);

const bytesOf = (change: Change): number => (change.type === 'put' ? wireBytes(change.instance) : 0);

/** Where a watch may look. */
export interface Sources {
  readonly roll: Roll;
  readonly log: ChangeLog;
  readonly snapshots: Snapshots;
}

/**
 * What a watch at `cursor` is told next: of each node the last change since, a part of them at a time, so that a slow
 * watch keeps nothing that the log has forgotten; or a snapshot, where that is smaller or the log does not reach back.
 */
export function missingSince({ roll, log, snapshots }: Sources, filter: WatchFilter, cursor: number): Missing {
  const since = log.since(cursor, roll.revision);
  if (since === undefined) return { type: 'snapshot' };
  const lastOfNode = new Map<string, Change>();
  for (const change of since) {
    if (!concerns(filter, change)) continue;
    const key = keyOf(change.instance);
    // Behind the others: in the order of revisions.
    lastOfNode.delete(key);
    lastOfNode.set(key, change);
  }
  const changes = [...lastOfNode.values()];
  const bytes = changes.reduce((sum, change) => sum + bytesOf(change), 0);
  if (bytes > chunkBytes && bytes > snapshots.of(filter.env, filter.service).bytes) return { type: 'snapshot' };
  const part = firstOf(changes);
  const isAll = part.length === changes.length;
  return { type: 'changes', changes: part, cursor: isAll ? roll.revision : (part.at(-1)?.revision ?? cursor) };
}

/** About one chunk of them, and one at least. */
function firstOf(changes: readonly Change[]): readonly Change[] {
  let bytes = 0;
  const end = changes.findIndex((change) => {
    bytes += bytesOf(change);
    return bytes > chunkBytes;
  });
  return end === -1 ? changes : changes.slice(0, end + 1);
}
