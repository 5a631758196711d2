import type { Caller } from './caller.ts';
import type { Target } from './grant.ts';

/**
 * Which callers a route is for. Every route states it in its `config`; the server refuses to start with a route that
 * does not.
 *
 * `of`: what the request is about, read after its body and query have been checked. The caller needs the role for each
 * target. `caller`: the handler itself answers only what `request.caller` may see or change. `server`: the role for
 * everything. `action`: the audit log's word for the write.
 */
export type RouteAccess =
  | { readonly role: 'none' }
  | { readonly role: 'read'; readonly of: AccessScope }
  | { readonly role: 'write' | 'admin'; readonly of: AccessScope; readonly action: string };

/** See {@link RouteAccess}. */
export type AccessScope = 'server' | 'caller' | ((request: RequestParts) => readonly Target[]);

/** The action that the audit log leaves out. */
export const renews = 'renew';

/** The fields of a request that say what it is about. A schema has checked both. */
export interface RequestParts {
  readonly query: unknown;
  readonly body: unknown;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
  interface FastifyRequest {
    /** The sender. Undefined where the route needs no token. */
    caller: Caller;
  }
}

interface Named {
  readonly env: string;
  readonly appid?: string;
}

const targetOf = ({ env, appid }: Named): Target => ({ env, service: appid });

/** Any client, without a token: for routes that reveal nothing of the roll. */
export const open: RouteAccess = { role: 'none' };

/** Reads the service that the query names. */
export const readsService: RouteAccess = { role: 'read', of: ({ query }) => [targetOf(query as Named)] };

/** Reads the part that the handler lets the caller see. */
export const readsOwnView: RouteAccess = { role: 'read', of: 'caller' };

/** Reads the service that the query names; without a service, the part that the handler lets the caller see. */
export const readsServiceOrOwnView: RouteAccess = {
  role: 'read',
  of: ({ query }) => ((query as Named).appid === undefined ? [] : [targetOf(query as Named)]),
};

/** The access of a route that reads the whole server: it needs the role in every env and for every service. */
export const readsServer: RouteAccess = { role: 'read', of: 'server' };

/** Writes each instance of the body. */
export const writesInstances = (action: string): RouteAccess => ({
  role: 'write',
  of: ({ body }) => (body as { readonly instances: readonly Named[] }).instances.map(targetOf),
  action,
});

/** Writes each key of the body; the handler checks the handles. */
export const writesKeys = (action: string): RouteAccess => ({
  role: 'write',
  of: ({ body }) => ((body as { readonly keys?: readonly Named[] }).keys ?? []).map(targetOf),
  action,
});

/** Writes by handle: the handler knows a handle only if the caller may write its instance. */
export const writesHandles = (action: string): RouteAccess => ({ role: 'write', of: 'caller', action });

/** Writes the whole env that the body names. */
export const operatesEnv = (action: string): RouteAccess => ({
  role: 'admin',
  of: ({ body }) => [{ env: (body as Named).env }],
  action,
});

/** The access of a route that acts on the whole server: it needs the role in every env and for every service. */
export const operatesServer = (action: string): RouteAccess => ({ role: 'admin', of: 'server', action });
