import { schemas } from '@rollcall/protocol';
import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import { changesRoute, type HistoryContext, pollRoute } from './history.ts';
import { nativeErrors } from './native-errors.ts';
import { operationRoutes, readRoutes } from './reads.ts';
import { eventStreamHeaders, type WatchHub } from './watch/watch-hub.ts';
import { leaseRoutes, setRoute, writeRoutes } from './writes.ts';

/** Options of {@link nativeFront}. */
export interface NativeFrontOptions extends HistoryContext {
  readonly watches: WatchHub;
}

/** `/api/*`: the shapes are documented in `@rollcall/protocol`. It only translates. */
export const nativeFront: FastifyPluginCallback<NativeFrontOptions> = (app, options, done) => {
  nativeErrors(app);
  writeRoutes(app, options);
  setRoute(app, options);
  leaseRoutes(app, options);
  readRoutes(app, options);
  watchRoute(app, options.watches);
  changesRoute(app, options);
  pollRoute(app, options);
  operationRoutes(app, options);
  done();
};

function watchRoute(app: FastifyInstance, watches: WatchHub): void {
  app.get<{ Querystring: { env: string; appid?: string } }>(
    '/watch',
    { schema: { querystring: schemas.watchQuery } },
    (request, reply) => {
      // Headers and nothing else: a stream has no end to wait for.
      if (request.method === 'HEAD') return reply.headers(eventStreamHeaders).send();
      const { env, appid } = request.query;
      const lastEventId = request.headers['last-event-id'];
      reply.hijack();
      watches.watch(reply.raw, { env, service: appid }, typeof lastEventId === 'string' ? lastEventId : undefined);
      return reply;
    },
  );
}
