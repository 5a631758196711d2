import type { IncomingMessage } from 'node:http';
import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { ServerSettings } from '../server-options.ts';
import {
  handshakeTimeoutMs,
  headersTimeoutMs,
  maxBodyBytes,
  requestTimeoutMs,
  timeoutCheckMs,
} from '../server-options.ts';
import { Bodies } from './bodies.ts';
import { parseJsonBody, smallBytes } from './json-body.ts';
import type { LazyValidators } from './lazy-validators.ts';
import { answered, endsConnection } from './refusal.ts';
import { schemaError } from './schema-error.ts';
import type { Tls } from './tls.ts';

/** What all fronts share: limits, bodies, checks, and answers for paths that no front has. */
export function createApp(
  { clock }: ServerSettings,
  tls: Tls | undefined,
  { schemaController }: LazyValidators,
): FastifyInstance {
  // By default Node checks every 30 s, which would delay the timeouts of headers and of requests by as much.
  const timeouts = { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: timeoutCheckMs };
  const secure =
    tls === undefined ? {} : { https: { ...timeouts, ...tls.options, handshakeTimeout: handshakeTimeoutMs } };
  const app: FastifyInstance = fastify({
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    http: timeouts,
    ...secure,
    forceCloseConnections: 'idle',
    schemaController,
    schemaErrorFormatter: schemaError,
  });
  tls?.serve(app);
  const bodies = new Bodies(clock);
  const parse = async (body: Buffer): Promise<unknown> => {
    if (body.length > smallBytes) await bodies.turn();
    return parseJsonBody(body);
  };
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) =>
    parse(await bodies.read(payload, request.routeOptions.bodyLimit ?? maxBodyBytes)),
  );
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (endsConnection(status)) reply.header('connection', 'close');
    return reply.code(status).send({ code: status, message: answered(status, error) });
  });
  app.setNotFoundHandler((request, reply) => {
    const message = `there is no ${request.method} ${request.url.split('?')[0]}; the API is under /api`;
    return reply.code(404).send({ code: 404, message, data: null });
  });
  return app;
}
