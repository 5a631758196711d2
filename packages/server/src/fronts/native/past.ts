import { type Clock, RegistryError } from '@rollcall/core';
import type { FastifyReply } from 'fastify';
import type { ChangeLog } from '../../changes/change-log.ts';
import { isoTime } from '../../changes/iso-time.ts';
import { parseAt } from '../../changes/moment.ts';
import { instancesAt } from '../../changes/past.ts';
import type { Pacer } from '../../http/pacer.ts';
import type { NativeContext } from './envelope.ts';
import { sendList } from './list-answer.ts';
import { writeInstance } from './native-mapping.ts';
import { Snapshot } from './snapshot.ts';
import { type Snapshots, wireBytes } from './snapshots.ts';

/** What reads of the past work with. */
export interface ReadContext extends NativeContext {
  readonly snapshots: Snapshots;
  readonly log: ChangeLog;
  readonly pacer: Pacer;
  readonly clock: Clock;
}

/** One service as it was at a time. */
export interface PastQuery {
  readonly env: string;
  readonly appid: string;
  readonly at: string;
}

/** Answers with the instances that were on the roll at a time. */
export function sendPast(reply: FastifyReply, context: ReadContext, { env, appid, at: text }: PastQuery): FastifyReply {
  const { clock } = context;
  const wallNow = clock.wallNow();
  const at = parseAt(text, wallNow) ?? badMoment('at', text, 'milliseconds since 1970, ');
  if (at > wallNow) {
    const times = `${isoTime(at)} is in the future: the server's clock says ${isoTime(wallNow)}`;
    throw new RegistryError('INVALID_ARGUMENT', `at ${times}`, { registry: 'server' });
  }
  const { revision, instances } = instancesAt(
    { roll: context.published, log: context.log },
    { env, service: appid },
    at,
  );
  const bytes = instances.reduce((sum, instance) => sum + wireBytes(instance), 0);
  const snapshot = Snapshot.of({ items: instances, write: writeInstance, bytes, takenAt: clock.now() });
  return sendList(reply, context, snapshot, { at, revision, instances: [] });
}

/** Refuses a text that does not name a point of the roll's history. */
export function badMoment(field: string, text: string, others: string): never {
  const message = `${field} must be ${others}an ISO time such as 2026-01-31T14:02:00Z, or how long ago such as 10m; got ${JSON.stringify(text)}`;
  throw new RegistryError('INVALID_ARGUMENT', message, { registry: 'server' });
}
