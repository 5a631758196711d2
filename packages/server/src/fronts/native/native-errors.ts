import { RegistryError, type RegistryErrorCode } from '@rollcall/core';
import type { FastifyError, FastifyInstance } from 'fastify';
import { answered, endsConnection } from '../../http/refusal.ts';

/** The only place where an error of the roll becomes an HTTP status. */
const statuses: Partial<Readonly<Record<RegistryErrorCode, number>>> = {
  INVALID_ARGUMENT: 400,
  CONFLICT: 409,
  RESOURCE_EXHAUSTED: 413,
  UNAVAILABLE: 503,
};

function statusOf(error: FastifyError): number {
  if (RegistryError.is(error)) return statuses[error.code] ?? 500;
  return error.statusCode !== undefined && error.statusCode >= 400 ? error.statusCode : 500;
}

/** Errors and unknown paths of `/api`, as JSON with a true HTTP status. */
export function nativeErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = statusOf(error);
    if (endsConnection(status)) reply.header('connection', 'close');
    return reply.code(status).send({ code: status, message: answered(status, error), data: null });
  });
  app.setNotFoundHandler((request, reply) => {
    const message = `there is no ${request.method} ${request.url.split('?')[0]}; the API is under /api`;
    return reply.code(404).send({ code: 404, message, data: null });
  });
}
