import type { FastifyInstance, FastifyRequest } from 'fastify';
import { renews } from '../access/route-access.ts';
import type { Roll } from '../roll/roll.ts';
import type { AuditLog, AuditTarget } from './audit-log.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Finds the instances of a write before the write, because afterwards their handles are unknown. */
    auditTargets: readonly AuditTarget[];
  }
}

/** Reports every request of a route that writes to the audit log, whatever its result. */
export function auditRequests(app: FastifyInstance, log: AuditLog, roll: Roll): void {
  app.decorateRequest('auditTargets');
  app.addHook('preHandler', (request, _reply, done) => {
    if (actionOf(request) !== undefined) request.auditTargets = targetsOf(request.body, roll);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const action = actionOf(request);
    if (action !== undefined) {
      const { caller, auditTargets: targets = [] } = request;
      log.wrote({ who: caller?.name ?? null, from: request.ip, action, status: reply.statusCode, targets });
    }
    done();
  });
}

/** Undefined for a route that does not write, or that renews. */
function actionOf({ routeOptions }: FastifyRequest): string | undefined {
  const { access } = routeOptions.config;
  return access !== undefined && 'action' in access && access.action !== renews ? access.action : undefined;
}

interface Named {
  readonly env: string;
  readonly appid?: string;
  readonly hostname?: string;
  readonly addrs?: readonly string[];
}

/** The targets in a body of `/api`: instances, keys, handles, or an env. A schema has checked each body. */
function targetsOf(body: unknown, roll: Roll): readonly AuditTarget[] {
  // A request without a body is about the whole server.
  const { instances, keys, handles, ...rest } = (body ?? {}) as Partial<Named> & {
    readonly instances?: readonly Named[];
    readonly keys?: readonly Named[];
    readonly handles?: readonly number[];
  };
  if (handles !== undefined) return handles.flatMap((handle) => roll.instanceOf(handle) ?? []).map(nameOf);
  const named = instances ?? keys ?? (rest.env === undefined ? [] : [rest as Named]);
  return named.map(({ env, appid, hostname, addrs }) => ({ env, service: appid, id: hostname, addresses: addrs }));
}

const nameOf = ({ env, service, id }: AuditTarget): AuditTarget => ({ env, service, id });
