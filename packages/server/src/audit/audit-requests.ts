import type { FastifyInstance, FastifyRequest } from 'fastify';
import { renews } from '../access/route-access.ts';
import type { InstanceRef } from '../roll/instance-ref.ts';
import type { Roll } from '../roll/roll.ts';
import type { AuditLog, AuditTarget } from './audit-log.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Finds the instances of a write before the write, because afterwards their handles are unknown. */
    auditTargets: readonly (AuditTarget | undefined)[];
    /**
     * For each handle or key in the body, whether the write did something. Undefined: the status of the answer applies
     * to all. A cancel answers 200 even for unknown instances, and for those that its caller may not touch.
     */
    effects: readonly boolean[] | undefined;
  }
}

/** Reports every request of a route that writes to the audit log, whatever its result. */
export function auditRequests(app: FastifyInstance, log: AuditLog, roll: Roll): void {
  app.decorateRequest('auditTargets');
  app.decorateRequest('effects');
  app.addHook('preHandler', (request, _reply, done) => {
    if (actionOf(request) !== undefined) request.auditTargets = targetsOf(request.body, roll);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const action = actionOf(request);
    if (action !== undefined) writeDown(log, action, request, reply.statusCode);
    done();
  });
}

function writeDown(log: AuditLog, action: string, request: FastifyRequest, status: number): void {
  const { caller, ip: from, auditTargets = [], effects } = request;
  const common = { who: caller?.name ?? null, from, action };
  const targets: AuditTarget[] = [];
  const missed: AuditTarget[] = [];
  for (const [index, target] of auditTargets.entries())
    if (target !== undefined) (effects?.[index] === false ? missed : targets).push(target);
  const isWithoutEffect = effects !== undefined && status < 400 && !effects.includes(true);
  if (!isWithoutEffect) log.wrote({ ...common, status, targets });
  if (missed.length > 0 || isWithoutEffect) log.wrote({ ...common, status: 404, targets: missed });
}

/** The action that the audit log names; undefined for a route that does not write, or that renews. */
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
function targetsOf(body: unknown, roll: Roll): readonly (AuditTarget | undefined)[] {
  // A request without a body is about the whole server.
  const { instances, keys, handles, ...rest } = (body ?? {}) as Partial<Named> & {
    readonly instances?: readonly Named[];
    readonly keys?: readonly Named[];
    readonly handles?: readonly number[];
  };
  if (handles !== undefined) return handles.map((handle) => nameOf(roll.instanceOf(handle)));
  const named = instances ?? keys ?? (rest.env === undefined ? [] : [rest as Named]);
  return named.map(({ env, appid, hostname, addrs }) => ({ env, service: appid, id: hostname, addresses: addrs }));
}

/** The instance as a target of the audit log; undefined for an unknown handle. */
const nameOf = (ref: InstanceRef | undefined): AuditTarget | undefined =>
  ref && { env: ref.env, service: ref.service, id: ref.id };
