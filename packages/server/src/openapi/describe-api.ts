import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { answers, type JsonSchema } from '@rollcall/protocol';
import { type FastifyInstance, type FastifyPluginCallback, fastify, type RouteOptions } from 'fastify';
import { open } from '../access/route-access.ts';
import { LazyValidators } from '../http/lazy-validators.ts';
import { type Operation, operations } from './operations.ts';
import { toOpenApi } from './to-openapi.ts';

/** A description of the API. */
export type DescribeApi = () => Promise<object>;

/**
 * Describes every route that is added after this call, by the schemas that check its requests. The call does not affect
 * how answers are written. The first request for the description makes it from a copy of the routes, since its library
 * has a hundred files to load.
 */
export function describeApi(app: FastifyInstance, version: string): DescribeApi {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', ({ method, url, schema, config }) => {
    const isHead = method === 'HEAD';
    if (!isHead) routes.push({ method, url, handler: () => {}, ...(schema && { schema }), ...(config && { config }) });
  });
  let description: Promise<object> | undefined;
  return () => {
    description ??= descriptionOf(routes, version);
    return description;
  };
}

async function descriptionOf(routes: readonly RouteOptions[], version: string): Promise<object> {
  const { default: swagger } = await import('@fastify/swagger');
  const copy = fastify({ exposeHeadRoutes: false, schemaController: new LazyValidators().schemaController });
  await copy.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      info: { title: 'Rollcall discovery server', version, license: { name: 'MIT', identifier: 'MIT' } },
    },
    transform: ({ schema, url, route }) => {
      const needsToken = route.config?.access?.role !== 'none';
      const security = needsToken ? [{ token: [] }] : [];
      return { schema: { ...described(schema ?? {}, operationOf(route.method, url)), security }, url };
    },
  });
  for (const route of routes) copy.route(route);
  await copy.ready();
  return copy.swagger();
}

/** `GET /openapi.json`. */
export const openApiRoute: FastifyPluginCallback<{ readonly describe: DescribeApi }> = (app, { describe }, done) => {
  let text: string | undefined;
  app.get('/openapi.json', { config: { access: open } }, async (_request, reply) => {
    text ??= JSON.stringify(await describe());
    return reply.type('application/json; charset=utf-8').send(text);
  });
  done();
};

const operationOf = (method: string | readonly string[], url: string): Operation | undefined =>
  operations[`${typeof method === 'string' ? method : method[0]} ${url}`];

type RouteSchema = ReturnType<NonNullable<FastifyDynamicSwaggerOptions['transform']>>['schema'];

function described(schema: RouteSchema, operation: Operation | undefined): RouteSchema {
  const checks = toOpenApi(schema as JsonSchema) as RouteSchema;
  if (operation === undefined) return checks;
  const { operationId, summary, data, contentType = 'application/json' } = operation;
  const content = { [contentType]: { schema: data === undefined ? {} : toOpenApi(answers.envelopeOf(data)) } };
  const refused = { description: 'The request is refused; `message` says why', content: jsonOf(answers.failure) };
  return { ...checks, operationId, summary, response: { 200: { description: summary, content }, default: refused } };
}

const jsonOf = (schema: JsonSchema): object => ({ 'application/json': { schema } });
