import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { answers, type JsonSchema } from '@rollcall/protocol';
import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import { open } from '../access/route-access.ts';
import { type Operation, operations } from './operations.ts';
import { toOpenApi } from './to-openapi.ts';

/**
 * Describes every route that is added after this call, by the schemas that check its requests. The call does not affect
 * how answers are written.
 */
export function describeApi(app: FastifyInstance, version: string): void {
  app.register(swagger, {
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
}

/** `GET /openapi.json`. The description is made at the first request. */
export const openApiRoute: FastifyPluginCallback = (app, _options, done) => {
  let text: string | undefined;
  app.get('/openapi.json', { config: { access: open } }, (_request, reply) => {
    text ??= JSON.stringify(app.swagger());
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
