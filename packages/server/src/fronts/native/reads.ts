import { type EnvRequest, type ServicesAnswer, schemas } from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import type { Roll } from '../../roll/roll.ts';
import { smallBodyBytes } from '../../server-options.ts';
import { envelope, type NativeContext } from './envelope.ts';
import { sendInstances } from './list-answer.ts';
import { writeStatus } from './native-mapping.ts';
import type { Snapshots } from './snapshots.ts';

/** Reads of the roll. */
export function readRoutes(app: FastifyInstance, context: NativeContext & { readonly snapshots: Snapshots }): void {
  const { roll } = context;
  app.get<{ Querystring: { env: string; appid: string } }>(
    '/fetch',
    { schema: { querystring: schemas.fetchQuery } },
    ({ query }, reply) => sendInstances(reply, context, query.env, query.appid),
  );
  app.get<{ Querystring: { env: string } }>(
    '/fetch/all',
    { schema: { querystring: schemas.envQuery } },
    ({ query }, reply) => sendInstances(reply, context, query.env),
  );
  app.get<{ Querystring: { env: string } }>('/services', { schema: { querystring: schemas.envQuery } }, ({ query }) =>
    envelope(context, servicesOf(roll, query.env)),
  );
}

function servicesOf(roll: Roll, env: string): ServicesAnswer {
  const services = new Map<string, Set<string>>();
  for (const { service, version, status } of roll.instances(env)) {
    if (status === 'out') continue;
    const versions = services.get(service) ?? new Set<string>();
    services.set(service, versions.add(version));
  }
  return { services: [...services].map(([appid, versions]) => ({ appid, versions: [...versions] })) };
}

/** For an operator: status and the end of self-protection. */
export function operationRoutes(app: FastifyInstance, context: NativeContext): void {
  const { roll, protection, isWarming, uptimeMs } = context;
  app.get<{ Querystring: { env?: string } }>('/status', { schema: { querystring: schemas.statusQuery } }, ({ query }) =>
    envelope(context, {
      protection,
      warming: isWarming(),
      uptimeMs: Math.round(uptimeMs()),
      environments: roll.status(query.env).map(writeStatus),
    }),
  );
  app.post<{ Body: EnvRequest }>(
    '/protection/end',
    { bodyLimit: smallBodyBytes, schema: { body: schemas.envQuery } },
    ({ body }) => envelope(context, { evicted: roll.endProtection(body.env) }),
  );
}
