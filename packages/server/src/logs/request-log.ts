import type { Logger } from '@rollcall/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What of requests is logged. */
export interface RequestLogOptions {
  readonly logger: Logger;
  /** `problems`: requests that fail by a defect of the server, and slow ones. */
  readonly logRequests: 'problems' | 'all';
  /** A request that takes longer is slow. Milliseconds. */
  readonly slowRequestMs: number;
}

/**
 * Lines about requests. A line has the pattern of the route and never what the client sent, since a query or a header
 * may hold a token. The end of a watch is no answer, so it gets no line.
 */
export function logRequests(
  app: FastifyInstance,
  { logger, logRequests: wanted, slowRequestMs }: RequestLogOptions,
): void {
  const causes = new WeakMap<FastifyRequest, Error>();
  app.addHook('onError', (request, _reply, error, done) => {
    causes.set(request, error);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    done();
    const hasFailed = reply.statusCode >= 500 && reply.statusCode !== 503;
    const isSlow = reply.elapsedTime > slowRequestMs && request.routeOptions.config.waits !== true;
    if (!hasFailed && !isSlow && wanted === 'problems') return;
    const fields = fieldsOf(request, reply);
    const what = `${fields.method} ${fields.route} ${fields.status} in ${fields.ms} ms`;
    if (hasFailed) logger.error({ ...fields, err: causes.get(request) }, `the server failed: ${what}`);
    else if (isSlow) logger.warn(fields, `slow: ${what}`);
    else logger.info(fields, what);
  });
}

/** The pattern of the route that answers. A path without a route has none. */
export const routeOf = ({ routeOptions }: FastifyRequest): string => routeOptions.url ?? 'none';

function fieldsOf(request: FastifyRequest, reply: FastifyReply) {
  return {
    method: request.method,
    route: routeOf(request),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime),
    from: request.ip,
  };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its answer waits for a change for as long as the client wants, so it is never slow. */
    waits?: boolean;
  }
}
