import type { FastifyInstance } from 'fastify';
import { Histogram, type Registry } from 'prom-client';
import type { AnsweredRequest } from '../http/answered-request.ts';

/** Seconds. A renewal takes a tenth of a millisecond, a full read of a large roll a second. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/**
 * How long requests take, by route. Labels come from the table of routes, so that an unknown path or a query makes no
 * series. A watch has no end and is not measured. Returns a function that measures a request which the framework has
 * not seen.
 */
export function measureRequests(app: FastifyInstance, registry: Registry): (answered: AnsweredRequest) => void {
  const durations = new Histogram({
    name: 'rollcall_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets,
    registers: [registry],
  });
  app.addHook('onResponse', ({ method, routeOptions }, reply, done) => {
    durations.observe(labelsOf(method, routeOptions.url, reply.statusCode), reply.elapsedTime / 1_000);
    done();
  });
  return ({ method, route, status, ms }) => durations.observe(labelsOf(method, route, status), ms / 1_000);
}

function labelsOf(method: string, route: string | undefined, statusCode: number) {
  const status = `${Math.floor(statusCode / 100)}xx`;
  return route === undefined ? { method: 'any', route: 'none', status } : { method, route, status };
}
