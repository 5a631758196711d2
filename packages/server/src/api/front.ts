import type {
  CancelRequest,
  Envelope,
  EnvRequest,
  KeysRequest,
  RegisterRequest,
  RenewLeasesRequest,
  ServicesAnswer,
} from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import type { Store } from '../store/store.ts';
import * as schemas from './schemas.ts';
import type { WatchHub } from './watch.ts';

/** What the front door translates for. */
export interface FrontContext {
  readonly store: Store;
  readonly watches: WatchHub;
  readonly protection: 'on' | 'off';
  readonly isWarming: () => boolean;
  readonly uptimeMs: () => number;
}

/** `/api/*`: the shapes are documented in `@rollcall/protocol`. */
export function apiFront(app: FastifyInstance, context: FrontContext): void {
  writes(app, context);
  leases(app, context);
  reads(app, context);
  operations(app, context);
}

function envelope<T>({ store, isWarming }: FrontContext, data: T, code = 0, message = ''): Envelope<T> {
  return {
    code,
    message,
    data,
    epoch: store.epoch,
    revision: store.revision,
    ...(isWarming() ? { warming: true } : {}),
  };
}

function writes(app: FastifyInstance, context: FrontContext): void {
  const { store } = context;
  app.post<{ Body: RegisterRequest }>('/api/register', { schema: { body: schemas.registerBody } }, ({ body }) =>
    envelope(context, { handles: body.instances.map((instance) => store.register(instance)) }),
  );
  app.post<{ Body: KeysRequest }>('/api/renew', { schema: { body: schemas.keysBody } }, ({ body }) =>
    envelope(context, { statuses: body.keys.map((key) => store.renewKey(key)) }),
  );
  app.post<{ Body: CancelRequest }>('/api/cancel', { schema: { body: schemas.cancelBody } }, ({ body }) => {
    const done =
      'handles' in body
        ? body.handles.map((handle) => store.cancelHandle(handle))
        : body.keys.map((key) => store.cancel(key));
    return envelope(context, { cancelled: done.filter(Boolean).length });
  });
}

const failures = { 404: 'LEASE_UNKNOWN: register again', 409: 'LEASE_TAKEN: another holds this instance' } as const;

function leases(app: FastifyInstance, context: FrontContext): void {
  const { store } = context;
  app.put<{ Body: RenewLeasesRequest }>('/api/leases', { schema: { body: schemas.leasesBody } }, ({ body }) => {
    const statuses = body.map((item) => {
      if (typeof item === 'number') return store.renew(item);
      const [handle, ttlMs, renewIntervalMs] = item;
      return store.renew(handle, { ttlMs, renewIntervalMs });
    });
    return envelope(context, { statuses });
  });
  app.put<{ Params: { handle: string } }>(
    '/api/leases/:handle',
    { schema: { params: schemas.handleParams } },
    (request, reply) => {
      const status = store.renew(Number(request.params.handle));
      if (status === 200) return envelope(context, null);
      return reply.code(status).send(envelope(context, null, status, failures[status]));
    },
  );
}

function reads(app: FastifyInstance, context: FrontContext): void {
  const { store, watches } = context;
  app.get<{ Querystring: { env: string; appid: string } }>(
    '/api/fetch',
    { schema: { querystring: schemas.fetchQuery } },
    ({ query }) => envelope(context, { instances: store.instances(query.env, query.appid) }),
  );
  app.get<{ Querystring: { env: string } }>(
    '/api/fetch/all',
    { schema: { querystring: schemas.envQuery } },
    ({ query }) => envelope(context, { instances: store.instances(query.env) }),
  );
  app.get<{ Querystring: { env: string } }>(
    '/api/services',
    { schema: { querystring: schemas.envQuery } },
    ({ query }) => envelope(context, servicesOf(store, query.env)),
  );
  app.get<{ Querystring: { env: string; appid?: string } }>(
    '/api/watch',
    { schema: { querystring: schemas.watchQuery } },
    (request, reply) => {
      const { env, appid } = request.query;
      const lastEventId = request.headers['last-event-id'];
      reply.hijack();
      watches.open(reply.raw, { env, appid }, typeof lastEventId === 'string' ? lastEventId : undefined);
    },
  );
}

function servicesOf(store: Store, env: string): ServicesAnswer {
  const services = new Map<string, Set<string>>();
  for (const { appid, version, status } of store.instances(env)) {
    if (status !== 1) continue;
    const versions = services.get(appid) ?? new Set<string>();
    services.set(appid, versions.add(version));
  }
  return { services: [...services].map(([appid, versions]) => ({ appid, versions: [...versions] })) };
}

function operations(app: FastifyInstance, context: FrontContext): void {
  const { store, protection, isWarming, uptimeMs } = context;
  app.get<{ Querystring: { env?: string } }>(
    '/api/status',
    { schema: { querystring: schemas.statusQuery } },
    ({ query }) =>
      envelope(context, {
        protection,
        warming: isWarming(),
        uptimeMs: Math.round(uptimeMs()),
        environments: store.status(query.env),
      }),
  );
  app.post<{ Body: EnvRequest }>('/api/protection/end', { schema: { body: schemas.envQuery } }, ({ body }) =>
    envelope(context, { evicted: store.endProtection(body.env) }),
  );
  app.get('/healthz', () => ({ status: 'ok' }));
}
