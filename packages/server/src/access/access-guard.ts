import { RegistryError } from '@rollcall/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { countHeader } from '../http/count-header.ts';
import { anonymous, type Caller } from './caller.ts';
import type { Target } from './grant.ts';
import type { RouteAccess } from './route-access.ts';
import type { Tokens } from './tokens.ts';

/** A route, and the rights that it needs. */
export interface GuardedRoute {
  readonly method: string;
  readonly path: string;
  readonly access: RouteAccess;
}

/**
 * Authorises each request by the route that it was matched to, so that authorisation and handling never judge two
 * spellings of a path differently. A request without a rule is refused: a route without a rule stops the server from
 * starting, and an unknown path is refused to clients without a token.
 */
export class AccessGuard {
  readonly routes: GuardedRoute[] = [];
  readonly #tokens: Tokens;
  readonly #unruled: string[] = [];

  /** Create it before any route. */
  constructor(app: FastifyInstance, tokens: Tokens) {
    this.#tokens = tokens;
    app.decorateRequest('caller');
    app.addHook('onRoute', ({ method, url, config }) => {
      for (const one of [method].flat())
        if (config?.access === undefined) this.#unruled.push(`${one} ${url}`);
        else this.routes.push({ method: one, path: url, access: config.access });
    });
    // The check comes before the body is read: a client without the role must not make the server read a body.
    app.addHook('onRequest', (request, reply, done) => {
      if (this.#admits(request, reply)) done();
    });
    app.addHook('preHandler', (request, reply, done) => {
      if (this.#isWithinScope(request, reply)) done();
    });
  }

  /** @throws RegistryError `INTERNAL`: routes lack a rule. Call it once all routes exist. */
  check(): void {
    if (this.#unruled.length === 0) return;
    const message = `these routes have no rule of access: ${this.#unruled.join(', ')}; this is a defect of Rollcall, please report it`;
    throw new RegistryError('INTERNAL', message, { registry: 'server' });
  }

  #admits(request: FastifyRequest, reply: FastifyReply): boolean {
    const { access } = request.routeOptions.config;
    if (access?.role === 'none') return true;
    const caller = this.#tokens.required ? this.#callerOf(request) : anonymous;
    if (caller === undefined) {
      reply.header('www-authenticate', 'Bearer realm="rollcall"');
      const hasOne = request.headers.authorization !== undefined;
      const message = hasOne
        ? 'the token is not known here: send one of the tokens file as Authorization: Bearer ...'
        : 'a token is needed: send it as Authorization: Bearer ...';
      return refuse(reply, 401, message);
    }
    request.caller = caller;
    if (access === undefined || caller.holds(access.role)) return true;
    return refuse(
      reply,
      403,
      `the token ${caller.name} may not ${verbs[access.role]} here: it needs a grant with the role ${access.role}`,
    );
  }

  #callerOf({ headers, raw: { rawHeaders } }: FastifyRequest): Caller | undefined {
    // Node keeps the first of two headers, and a proxy before the server may have checked the other one.
    if (countHeader('authorization', rawHeaders) > 1) return undefined;
    const [, token] = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(headers.authorization ?? '') ?? [];
    return token === undefined ? undefined : this.#tokens.find(token);
  }

  #isWithinScope(request: FastifyRequest, reply: FastifyReply): boolean {
    const { access } = request.routeOptions.config;
    if (access === undefined || access.role === 'none' || access.of === 'caller') return true;
    const { caller } = request;
    if (caller.mayAll(access.role)) return true;
    const { role, of } = access;
    if (of === 'server')
      return refuse(reply, 403, `${mayNot(caller, role, 'the whole server')} for all services of all envs`);
    const outside = of(request).find((target) => !caller.may(role, target));
    return outside === undefined || refuse(reply, 403, outOfScope(caller, role, outside));
  }
}

const verbs = { read: 'read', write: 'write', admin: 'operate' } as const;

/** Why a caller is refused. */
export function outOfScope(caller: Caller, role: keyof typeof verbs, { env, service }: Target): string {
  const what = service === undefined ? `all services of env ${env}` : `service ${service} in env ${env}`;
  return `${mayNot(caller, role, what)} for it`;
}

const mayNot = ({ name }: Caller, role: keyof typeof verbs, what: string): string =>
  `the token ${name} may not ${verbs[role]} ${what}: it needs a grant with the role ${role}`;

/** Answers a refusal in the envelope of `/api`. Always false, so that a check can end with it. */
function refuse(reply: FastifyReply, status: number, message: string): false {
  // The body may still be arriving, and the server will not read it.
  if (reply.request.method !== 'GET' && reply.request.method !== 'HEAD') reply.header('connection', 'close');
  reply.code(status).send({ code: status, message, data: null });
  return false;
}
