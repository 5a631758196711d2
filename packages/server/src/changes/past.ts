/** The roll as it was at a past time: the present roll, with the later changes undone. */
import { RegistryError } from '@rollcall/core';
import type { Instance } from '../roll/instance.ts';
import type { PublishedRoll } from '../roll/published-roll.ts';
import type { ChangeLog } from './change-log.ts';
import { isoTime } from './iso-time.ts';

/** What {@link instancesAt} reads. */
export interface PastSources {
  readonly roll: Pick<PublishedRoll, 'instances'>;
  readonly log: Pick<ChangeLog, 'before' | 'revisionAt' | 'start'>;
}

/** One service of an environment. */
export interface PastFilter {
  readonly env: string;
  readonly service: string;
}

/** The instances of a service at a time, and the last revision at that time. */
export interface Past {
  readonly revision: number;
  readonly instances: readonly Instance[];
}

/**
 * `at`: by the wall clock, in milliseconds.
 *
 * @throws RegistryError `INVALID_ARGUMENT`: the log does not reach back to it.
 */
export function instancesAt({ roll, log }: PastSources, { env, service }: PastFilter, at: number): Past {
  const current = roll.instances(env, service);
  const revision = log.revisionAt(at);
  const replaced = revision === undefined ? undefined : log.before(revision);
  if (revision === undefined || replaced === undefined) throw beforeLog(log, at);
  const then = new Map(current.map((instance) => [instance.id, instance]));
  for (const [key, before] of replaced) {
    const [itsEnv, itsService, id = ''] = key.split('\0');
    if (itsEnv !== env || itsService !== service) continue;
    if (before === undefined) then.delete(id);
    else then.set(id, before);
  }
  // The time of the last renewal moves without a change, so the log does not record it.
  const instances = [...then.values()].map((each) => ({ ...each, renewedAt: Math.min(each.renewedAt, at) }));
  return { revision, instances };
}

function beforeLog({ start }: PastSources['log'], at: number): RegistryError {
  const begins = Number.isFinite(start.at)
    ? `the change log begins at ${isoTime(start.at)} (after revision ${start.revision})`
    : 'the change log is empty';
  const message = `${isoTime(at)} cannot be looked at: ${begins}, and what was on the roll before is forgotten; ask for a later time`;
  return new RegistryError('INVALID_ARGUMENT', message, { registry: 'server' });
}
