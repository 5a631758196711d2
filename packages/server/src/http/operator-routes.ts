import type { FastifyPluginCallback } from 'fastify';
import { open, readsServer } from '../access/route-access.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** Options of {@link operatorRoutes}. */
export interface OperatorRoutesOptions {
  readonly metrics: Metrics;
}

/** The routes for operators, which answer without an envelope. */
export const operatorRoutes: FastifyPluginCallback<OperatorRoutesOptions> = (app, { metrics }, done) => {
  app.get('/healthz', { config: { access: open } }, () => ({ status: 'ok' }));
  app.get('/metrics', { config: { access: readsServer } }, async (_request, reply) => {
    const { contentType, text } = await metrics.answer();
    return reply.type(contentType).send(text);
  });
  done();
};
