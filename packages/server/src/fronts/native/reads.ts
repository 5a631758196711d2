import { type EnvRequest, type ServicesAnswer, schemas } from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import type { Roll } from '../../roll/roll.ts';
import { envelope, type NativeContext } from './envelope.ts';
import { writeInstance, writeStatus } from './native-mapping.ts';

/** Reads of the roll. */
export function readRoutes(app: FastifyInstance, context: NativeContext): void {
  const { roll } = context;
  app.get<{ Querystring: { env: string; appid: string } }>(
    '/fetch',
    { schema: { querystring: schemas.fetchQuery } },
    ({ query }) => envelope(context, { instances: roll.instances(query.env, query.appid).map(writeInstance) }),
  );
  app.get<{ Querystring: { env: string } }>('/fetch/all', { schema: { querystring: schemas.envQuery } }, ({ query }) =>
    envelope(context, { instances: roll.instances(query.env).map(writeInstance) }),
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
  app.post<{ Body: EnvRequest }>('/protection/end', { schema: { body: schemas.envQuery } }, ({ body }) =>
    envelope(context, { evicted: roll.endProtection(body.env) }),
  );
}
