/** Pure: what a token may do, and where. */

/** Each role includes the weaker ones: `read` sees, `write` registers, renews and cancels, `admin` operates the server. */
export type Role = 'read' | 'write' | 'admin';

/** Every role, the weakest first. */
export const roles: readonly Role[] = ['read', 'write', 'admin'];

/** A role within some environments and services. A pattern is an exact name, a prefix followed by `*`, or `*`. */
export interface Grant {
  /** What the token may do. */
  readonly role: Role;
  /** Patterns of environments. */
  readonly envs: readonly string[];
  /** Patterns of services. */
  readonly services: readonly string[];
}

/** What a request is about. `service` undefined: the whole env. */
export interface Target {
  readonly env: string;
  readonly service?: string | undefined;
}

/** Everything, everywhere. */
export const anything = '*';

/** The form of a pattern. Names have no white space and no star; commas and colons separate patterns elsewhere. */
export const patternShape: RegExp = /^(?:[^\s*,:]{1,255}\*?|\*)$/;

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;

const includesRole = (grant: Grant, role: Role): boolean => roles.indexOf(grant.role) >= roles.indexOf(role);

const coversEnv = (grant: Grant, env: string): boolean => grant.envs.some((pattern) => matches(pattern, env));

/** Whether a grant allows `role` on the whole target: a service, or an env with all its services. */
export function allows(grant: Grant, role: Role, { env, service }: Target): boolean {
  if (!includesRole(grant, role) || !coversEnv(grant, env)) return false;
  if (service === undefined) return grant.services.includes(anything);
  return grant.services.some((pattern) => matches(pattern, service));
}

/** Whether a grant allows `role` on the whole server. */
export const allowsAll = (grant: Grant, role: Role): boolean =>
  includesRole(grant, role) && grant.envs.includes(anything) && grant.services.includes(anything);

/** The patterns of services that grants allow in `env`: sorted, each once. */
export function servicesOf(grants: readonly Grant[], role: Role, env: string): readonly string[] {
  const patterns = grants.filter((grant) => includesRole(grant, role) && coversEnv(grant, env));
  return [...new Set(patterns.flatMap(({ services }) => services))].sort();
}

/** Whether one of the patterns matches. */
export const matchesAny = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => matches(pattern, name));

/** Whether a grant has the role, for any env and service. */
export const holdsRole = (grants: readonly Grant[], role: Role): boolean =>
  grants.some((grant) => includesRole(grant, role));
