import type { Change } from '../roll/followers.ts';
import type { InstanceRef } from '../roll/instance-ref.ts';
import type { ChangeLog } from './change-log.ts';
import type { Since } from './moment.ts';

/** Which changes to list; an undefined field does not filter. */
export type ChangeFilter = { readonly [K in keyof InstanceRef]: InstanceRef[K] | undefined } & {
  /** The part that the caller may see; undefined: everything. */
  readonly sees: ((instance: InstanceRef) => boolean) | undefined;
};

/** The present place of the roll, which cursors are compared with. */
export interface Now {
  readonly epoch: string;
  readonly revision: number;
}

/** Some of the requested changes. */
export interface ChangesPage {
  /** Changes before these are missing: `since` is of another epoch, ahead of the roll, or older than the log. */
  readonly reset: boolean;
  readonly changes: readonly Change[];
  /** The revision after which the next page begins. */
  readonly next: number;
  readonly more: boolean;
}

/** At most `limit` changes after `since`, or from the beginning of the log, oldest first. */
export function pageOf(
  log: ChangeLog,
  now: Now,
  since: Since | undefined,
  filter: ChangeFilter,
  limit: number,
): ChangesPage {
  const known = since === undefined ? undefined : changesSince(log, now, since);
  const matching = (known ?? log.all).filter(({ instance }) => matches(filter, instance));
  const changes = matching.slice(0, limit);
  const more = matching.length > limit;
  return {
    reset: since !== undefined && known === undefined,
    changes,
    next: more ? (changes.at(-1)?.revision ?? now.revision) : now.revision,
    more,
  };
}

/** Every change after a point. Undefined: the point is of another epoch, ahead of the roll, or older than the log. */
export function changesSince(log: ChangeLog, now: Now, since: Since): readonly Change[] | undefined {
  const revision = revisionOf(log, now, since);
  return revision === undefined ? undefined : log.since(revision, now.revision);
}

/** The revision of a point. Undefined: it is not in this epoch, or the log does not reach back to it. */
function revisionOf(log: ChangeLog, { epoch }: Now, since: Since): number | undefined {
  // A cursor before the first change misses nothing.
  if (since.type === 'time') return log.revisionAt(since.at) ?? (log.start.revision === 0 ? 0 : undefined);
  return since.epoch === undefined || since.epoch === epoch ? since.revision : undefined;
}

/** Whether a filter includes the changes of an instance. */
function matches({ env, service, id, sees }: ChangeFilter, instance: InstanceRef): boolean {
  return (
    (env === undefined || env === instance.env) &&
    (service === undefined || service === instance.service) &&
    (id === undefined || id === instance.id) &&
    (sees === undefined || sees(instance))
  );
}
