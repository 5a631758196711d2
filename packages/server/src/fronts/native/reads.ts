import { type EnvRequest, schemas } from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import { smallBodyBytes } from '../../server-options.ts';
import { actorOf } from './actor.ts';
import { envelope } from './envelope.ts';
import { sendList } from './list-answer.ts';
import { type ReadContext, sendPast } from './past.ts';

/** Reads of the roll. */
export function readRoutes(app: FastifyInstance, context: ReadContext): void {
  const { snapshots } = context;
  app.get<{ Querystring: { env: string; appid: string; at?: string } }>(
    '/fetch',
    { schema: { querystring: schemas.fetchQuery } },
    ({ query: { env, appid, at } }, reply) =>
      at === undefined
        ? sendList(reply, context, snapshots.of(env, appid), { instances: [] })
        : sendPast(reply, context, { env, appid, at }),
  );
  app.get<{ Querystring: { env: string } }>(
    '/fetch/all',
    { schema: { querystring: schemas.envQuery } },
    ({ query }, reply) => sendList(reply, context, snapshots.of(query.env, undefined), { instances: [] }),
  );
  app.get<{ Querystring: { env: string } }>(
    '/services',
    { schema: { querystring: schemas.envQuery } },
    ({ query }, reply) => sendList(reply, context, snapshots.services(query.env), { services: [] }),
  );
}

/** For an operator: status and the end of self-protection. */
export function operationRoutes(app: FastifyInstance, context: ReadContext): void {
  const { roll, snapshots, protection, isWarming, uptimeMs } = context;
  app.get<{ Querystring: { env?: string } }>(
    '/status',
    { schema: { querystring: schemas.statusQuery } },
    ({ query }, reply) =>
      sendList(reply, context, snapshots.status(query.env), {
        protection,
        warming: isWarming(),
        uptimeMs: Math.round(uptimeMs()),
        environments: [],
      }),
  );
  app.post<{ Body: EnvRequest }>(
    '/protection/end',
    { bodyLimit: smallBodyBytes, schema: { body: schemas.envQuery } },
    (request) => envelope(context, { evicted: roll.endProtection(request.body.env, actorOf(request)) }),
  );
}
