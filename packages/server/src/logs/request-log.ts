import type { Logger } from '@rollcall/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AnsweredRequest } from '../http/answered-request.ts';

/** Which requests are logged. */
export interface RequestLogOptions {
  readonly logger: Logger;
  /** `problems`: requests that fail by a defect of the server, and slow ones. */
  readonly logRequests: 'problems' | 'all';
  /** A request that takes longer is slow. Milliseconds. */
  readonly slowRequestMs: number;
}

/** Statuses without a defect: the server was started without what the request needs, or cannot serve it now. */
const refusals: ReadonlySet<number> = new Set([501, 503]);

/**
 * Lines about requests. A line has the pattern of the route and never what the client sent, since a query or a header
 * may hold a token. The end of a watch is not an answer, so it gets no line. Returns a function that logs a request
 * which the framework has not seen.
 */
export function logRequests(
  app: FastifyInstance,
  { logger, logRequests: wanted, slowRequestMs }: RequestLogOptions,
): (answered: AnsweredRequest) => void {
  const causes = new WeakMap<FastifyRequest, Error>();
  const log = (answered: AnsweredRequest, waits: boolean, err?: Error): void => {
    const { method, route = 'none', status, from } = answered;
    const hasFailed = status >= 500 && !refusals.has(status);
    const isSlow = answered.ms > slowRequestMs && !waits;
    if (!hasFailed && !isSlow && wanted === 'problems') return;
    const fields = { method, route, status, ms: Math.round(answered.ms), from: from() };
    const what = `${method} ${route} ${status} in ${fields.ms} ms`;
    if (hasFailed) logger.error({ ...fields, err }, `the server failed: ${what}`);
    else if (isSlow) logger.warn(fields, `slow: ${what}`);
    else logger.info(fields, what);
  };
  app.addHook('onError', (request, _reply, error, done) => {
    causes.set(request, error);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    done();
    const { method, routeOptions } = request;
    const { statusCode: status, elapsedTime: ms } = reply;
    const answered = { method, route: routeOptions.url, status, ms, from: () => request.ip };
    log(answered, routeOptions.config.waits === true, causes.get(request));
  });
  return (answered) => log(answered, false);
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True: an answer of the route waits for a change for as long as the client wants, so it never counts as slow. */
    waits?: boolean;
  }
}
