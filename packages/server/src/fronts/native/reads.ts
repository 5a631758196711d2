import { type EnvRequest, schemas } from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import { outOfScope } from '../../access/access-guard.ts';
import type { Caller, View } from '../../access/caller.ts';
import { operatesEnv, readsOwnView, readsService } from '../../access/route-access.ts';
import { refusal } from '../../http/refusal.ts';
import { smallBodyBytes } from '../../server-options.ts';
import { actorOf } from './actor.ts';
import { envelope, type NativeContext } from './envelope.ts';
import { sendList } from './list-answer.ts';
import { type ReadContext, sendPast } from './past.ts';
import { repeatedFetch, repeatedServices } from './repeated-reads.ts';
import type { Snapshot } from './snapshot.ts';
import type { Snapshots } from './snapshots.ts';

/** Reads of the roll. */
export function readRoutes(app: FastifyInstance, context: ReadContext): void {
  const { snapshots } = context;
  app.get<{ Querystring: { env: string; appid: string; at?: string; exact?: '0' | '1' } }>(
    '/fetch',
    { config: { access: readsService, repeats: repeatedFetch(context) }, schema: { querystring: schemas.fetchQuery } },
    ({ query: { env, appid, at, exact } }, reply) => {
      if (at !== undefined) return sendPast(reply, context, { env, appid, at });
      const snapshot = exact === '1' ? snapshots.exact(env, appid) : snapshots.of(env, appid);
      return sendList(reply, context, snapshot, { instances: [] });
    },
  );
  app.get<{ Querystring: { env: string } }>(
    '/fetch/all',
    { config: { access: readsOwnView }, schema: { querystring: schemas.envQuery } },
    ({ query: { env }, caller }, reply) =>
      sendList(reply, context, snapshots.of(env, undefined, viewOf(caller, env)), { instances: [] }),
  );
  app.get<{ Querystring: { env: string } }>(
    '/services',
    { config: { access: readsOwnView, repeats: repeatedServices(context) }, schema: { querystring: schemas.envQuery } },
    ({ query: { env }, caller }, reply) =>
      sendList(reply, context, snapshots.services(env, viewOf(caller, env)), { services: [] }),
  );
}

/** Adds the routes of an operator: the status, and the end of self-protection. */
export function operationRoutes(app: FastifyInstance, context: ReadContext): void {
  const { roll, durability, snapshots, protection, isWarming, uptimeMs } = context;
  app.get<{ Querystring: { env?: string } }>(
    '/status',
    { config: { access: readsOwnView }, schema: { querystring: schemas.statusQuery } },
    async ({ query: { env }, caller }, reply) => {
      const environments = statusFor(snapshots, caller, env);
      await whenDurable(context);
      return sendList(reply, context, environments, {
        protection,
        warming: isWarming(),
        uptimeMs: Math.round(uptimeMs()),
        environments: [],
      });
    },
  );
  app.post<{ Body: EnvRequest }>(
    '/protection/end',
    {
      bodyLimit: smallBodyBytes,
      config: { access: operatesEnv('end protection') },
      schema: { body: schemas.envQuery },
    },
    async (request) => {
      const evicted = roll.endProtection(request.body.env, actorOf(request));
      await durability.written();
      return envelope(context, { evicted });
    },
  );
}

/**
 * The part of an env that a caller sees. An env of which the caller sees nothing is refused, since an empty list would
 * look like an empty env.
 */
export function viewOf(caller: Caller, env: string): View {
  const view = caller.viewOf(env);
  if (view === undefined) throw refusal(403, outOfScope(caller, 'read', { env }));
  return view;
}

/** A status counts whole envs, so it lists only envs that the caller may read as a whole. */
function statusFor(snapshots: Snapshots, caller: Caller, env: string | undefined): Snapshot {
  if (env !== undefined && !caller.may('read', { env })) throw refusal(403, outOfScope(caller, 'read', { env }));
  if (env !== undefined || caller.mayAll('read')) return snapshots.status(env);
  return snapshots.statusOf((name) => caller.may('read', { env: name }));
}

/** Waits for earlier changes, even if their write fails: the status matters most while the store cannot be written. */
const whenDurable = async ({ durability }: NativeContext): Promise<void> => {
  await durability.written()?.catch(() => {});
};
