import { type EnvRequest, schemas } from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import type { Pacer } from '../../http/pacer.ts';
import { smallBodyBytes } from '../../server-options.ts';
import { actorOf } from './actor.ts';
import { envelope, type NativeContext } from './envelope.ts';
import { sendList } from './list-answer.ts';
import type { Snapshots } from './snapshots.ts';

/** What reads translate for. */
export interface ReadContext extends NativeContext {
  readonly snapshots: Snapshots;
  readonly pacer: Pacer;
}

/** Reads of the roll. */
export function readRoutes(app: FastifyInstance, context: ReadContext): void {
  const { snapshots } = context;
  app.get<{ Querystring: { env: string; appid: string } }>(
    '/fetch',
    { schema: { querystring: schemas.fetchQuery } },
    ({ query }, reply) => sendList(reply, context, snapshots.of(query.env, query.appid), { instances: [] }),
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
