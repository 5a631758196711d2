import type { FastifyError, FastifyInstance } from 'fastify';

/** Errors and unknown paths of `/api`, as JSON with a true HTTP status. */
export function nativeErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode >= 400 ? error.statusCode : 500;
    // A defect is not explained to the client.
    const message = status >= 500 ? 'the server failed' : error.message;
    return reply.code(status).send({ code: status, message, data: null });
  });
  app.setNotFoundHandler((request, reply) => {
    const message = `there is no ${request.method} ${request.url.split('?')[0]}; the API is under /api`;
    return reply.code(404).send({ code: 404, message, data: null });
  });
}
