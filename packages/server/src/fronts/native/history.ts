import { schemas } from '@rollcall/protocol';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { outOfScope } from '../../access/access-guard.ts';
import type { Caller } from '../../access/caller.ts';
import { type RouteAccess, readsOwnView } from '../../access/route-access.ts';
import { parseSince, type Since } from '../../changes/moment.ts';
import { type ChangeFilter, type ChangesPage, changesSince, pageOf } from '../../changes/page.ts';
import type { Awaited, WaitingRoom } from '../../changes/waiting-room.ts';
import { refusal } from '../../http/refusal.ts';
import { envelope } from './envelope.ts';
import { cursorOf, writeChangesPage } from './history-mapping.ts';
import { sendFilled } from './list-answer.ts';
import { badMoment, type ReadContext } from './past.ts';
import { viewOf } from './reads.ts';
import type { Snapshot } from './snapshot.ts';

/** What reads of the change log work with. */
export interface HistoryContext extends ReadContext {
  readonly waiting: WaitingRoom;
}

interface ChangesQuery {
  readonly env?: string;
  readonly appid?: string;
  readonly hostname?: string;
  readonly since?: string;
  readonly limit?: string;
  readonly waitMs?: string;
}

interface PollQuery {
  readonly env: string;
  readonly appid: string | readonly string[];
  readonly since?: string;
  readonly waitMs?: string;
}

const defaultPageSize = 1_000;
/** How long a poll waits, as in bilibili/discovery. Milliseconds. */
const defaultPollMs = 30_000;

/** `GET changes`: what happened, and why. */
export function changesRoute(app: FastifyInstance, context: HistoryContext): void {
  const { published, log } = context;
  app.get<{ Querystring: ChangesQuery }>(
    '/changes',
    {
      exposeHeadRoute: false,
      config: { access: readsOwnView, waits: true },
      schema: { querystring: schemas.changesQuery },
    },
    async ({ query, caller }, reply) => {
      const { env, appid, hostname, limit = defaultPageSize, waitMs = 0 } = query;
      const since = sinceOf(query.since, context);
      const filter: ChangeFilter = { env, service: appid, id: hostname, sees: viewFor(caller, env, appid) };
      const page = await untilFound<ChangesPage>(context, reply, {
        awaited: { env, services: appid === undefined ? undefined : [appid] },
        waitMs: Number(waitMs),
        look: () => pageOf(log, published, since, filter, Number(limit)),
        isEmpty: ({ changes, reset }) => changes.length === 0 && !reset,
      });
      return envelope(context, writeChangesPage(published, log, page));
    },
  );
}

/** `GET poll`: the services of the query that have changed since a cursor. If none has, it waits for a change. */
export function pollRoute(app: FastifyInstance, context: HistoryContext): void {
  const { published, snapshots } = context;
  app.get<{ Querystring: PollQuery }>(
    '/poll',
    { exposeHeadRoute: false, config: { access: readsAsked, waits: true }, schema: { querystring: schemas.pollQuery } },
    async ({ query }, reply) => {
      const { env, waitMs = defaultPollMs } = query;
      const asked = [...new Set([query.appid].flat())];
      const since = sinceOf(query.since, context);
      const { reset, services } = await untilFound<Changed>(context, reply, {
        awaited: { env, services: asked },
        waitMs: Number(waitMs),
        look: () => changedOf(context, env, asked, since),
        isEmpty: (changed) => changed.services.length === 0,
      });
      const lists = services.map((appid) => ({ appid, snapshot: snapshots.of(env, appid) }));
      const data = {
        modified: services.length > 0,
        reset,
        cursor: cursorOf(published, published.revision),
        services: [],
      };
      const bytes = lists.reduce((sum, { snapshot }) => sum + snapshot.bytes, 0);
      return sendFilled(reply, context, { data, bytes, fill: (cut) => polledChunks(lists, cut) });
    },
  );
}

/** A target for each service that the query names. */
const readsAsked: RouteAccess = {
  role: 'read',
  of: ({ query }) => {
    const { env, appid } = query as PollQuery;
    return [appid].flat().map((service) => ({ env, service }));
  },
};

/**
 * Which changes a caller may see. A query that names something the caller may not see is refused, since an empty answer
 * would look like "no changes".
 */
function viewFor(caller: Caller, env: string | undefined, service: string | undefined): ChangeFilter['sees'] {
  if (caller.mayAll('read')) return undefined;
  if (env !== undefined && service !== undefined && !caller.may('read', { env, service }))
    throw refusal(403, outOfScope(caller, 'read', { env, service }));
  if (env !== undefined && service === undefined) viewOf(caller, env);
  return (instance) => caller.may('read', instance);
}

/** Which of the queried services have changed. */
interface Changed {
  readonly reset: boolean;
  readonly services: readonly string[];
}

function changedOf(
  { published, log }: HistoryContext,
  env: string,
  asked: readonly string[],
  since: Since | undefined,
): Changed {
  const changes = since === undefined ? undefined : changesSince(log, published, since);
  if (changes === undefined) return { reset: true, services: asked };
  const changed = new Set(changes.flatMap(({ instance }) => (instance.env === env ? [instance.service] : [])));
  return { reset: false, services: asked.filter((service) => changed.has(service)) };
}

function* polledChunks(
  lists: readonly { readonly appid: string; readonly snapshot: Snapshot }[],
  cut: () => void,
): Generator<Buffer, undefined> {
  for (const [index, { appid, snapshot }] of lists.entries()) {
    yield Buffer.from(`${index === 0 ? '' : ','}{"appid":${JSON.stringify(appid)},"instances":[`);
    yield* snapshot.read(cut);
    yield Buffer.from(']}');
  }
}

function sinceOf(text: string | undefined, { clock }: HistoryContext): Since | undefined {
  if (text === undefined) return undefined;
  return parseSince(text, clock.wallNow()) ?? badMoment('since', text, 'a cursor, a revision, ');
}

interface Search<T> {
  readonly awaited: Awaited;
  readonly waitMs: number;
  readonly look: () => T;
  readonly isEmpty: (found: T) => boolean;
}

/** Looks now and at each awaited change, until it finds something, the time is over, or the client is gone. */
async function untilFound<T>(
  { published, clock, waiting }: HistoryContext,
  { raw, request }: FastifyReply,
  { awaited, waitMs, look, isEmpty }: Search<T>,
): Promise<T> {
  const deadline = clock.now() + waitMs;
  let leave = (): void => {};
  raw.once('close', () => leave());
  for (;;) {
    // The token may have been revoked while the request waited.
    if (!request.caller.isCurrent)
      throw refusal(401, 'the token was revoked while the request waited: send a token that is known');
    published.settle();
    const found = look();
    const leftMs = deadline - clock.now();
    if (!isEmpty(found) || leftMs <= 0 || waiting.isClosed || raw.destroyed) return found;
    await waiting.wait(awaited, leftMs, (whenGone) => {
      leave = whenGone;
    });
  }
}
