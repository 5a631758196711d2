import { schemas } from '@rollcall/protocol';
import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import { wholeView } from '../../access/caller.ts';
import { readsServiceOrOwnView } from '../../access/route-access.ts';
import { refusal } from '../../http/refusal.ts';
import { type Backup, backupRoute } from './backup.ts';
import { changesRoute, type HistoryContext, pollRoute } from './history.ts';
import { leaseRoutes } from './lease-routes.ts';
import { nativeErrors } from './native-errors.ts';
import { operationRoutes, readRoutes, viewOf } from './reads.ts';
import { eventStreamHeaders, type WatchHub } from './watch/watch-hub.ts';
import { setRoute, type WriteContext, writeRoutes } from './writes.ts';

/** Options of {@link nativeFront}. */
export interface NativeFrontOptions extends HistoryContext, WriteContext {
  readonly watches: WatchHub;
  readonly backup: Backup;
}

/** `/api/*`: `@rollcall/protocol` documents the shapes. This front only translates. */
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
  backupRoute(app, options.backup);
  done();
};

/** When a client that finds the server full of watches may ask again. */
const retryAfterSeconds = 5;

function watchRoute(app: FastifyInstance, watches: WatchHub): void {
  app.get<{ Querystring: { env: string; appid?: string } }>(
    '/watch',
    { config: { access: readsServiceOrOwnView }, schema: { querystring: schemas.watchQuery } },
    (request, reply) => {
      const { query, caller, headers } = request;
      const view = query.appid === undefined ? viewOf(caller, query.env) : wholeView;
      // Headers and nothing else, because a stream has no end to wait for.
      if (request.method === 'HEAD') return reply.headers(eventStreamHeaders).send();
      const lastEventId = headers['last-event-id'];
      if (watches.isFull) {
        reply.header('retry-after', retryAfterSeconds);
        throw refusal(503, 'the server has as many watches as --max-watches allows: try again later, or raise it');
      }
      const filter = { env: query.env, service: query.appid, view };
      reply.hijack();
      const resume = typeof lastEventId === 'string' ? lastEventId : undefined;
      watches.watch(reply.raw, { filter, caller, lastEventId: resume });
      return reply;
    },
  );
}
