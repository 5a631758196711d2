import { createHash } from 'node:crypto';
import {
  allows,
  allowsAll,
  anything,
  type Grant,
  holdsRole,
  matchesAny,
  type Role,
  servicesOf,
  type Target,
} from './grant.ts';

/** What of an env a caller may read. */
export interface View {
  /** Views with the same key see the same. Empty: all of it. */
  readonly key: string;
  /** Short for the key: what a cursor says, since one of another view resumes over nodes that were never told. */
  readonly tag: string;
  sees(service: string): boolean;
}

/** All of an env. */
export const wholeView: View = Object.freeze({ key: '', tag: '', sees: () => true });

/** The sender of a request, as the tokens file knows it. */
export class Caller {
  /** Of its token: what logs and the audit log call it. */
  readonly name: string;
  readonly grants: readonly Grant[];
  /** The most instances that it may have on the roll; undefined: the server's own limit. */
  readonly maxInstances: number | undefined;
  readonly #views = new Map<string, View>();
  #isCurrent = true;

  constructor({ name, grants, maxInstances }: Pick<Caller, 'name' | 'grants' | 'maxInstances'>) {
    this.name = name;
    this.grants = grants;
    this.maxInstances = maxInstances;
  }

  /** Whether its token is still in the file, with these rights. */
  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  /** Its token is gone, or has other rights. */
  revoke(): void {
    this.#isCurrent = false;
  }

  /** Whether it has the role somewhere. */
  holds(role: Role): boolean {
    return holdsRole(this.grants, role);
  }

  /** Whether it has the role for all of `target`. */
  may(role: Role, target: Target): boolean {
    return this.grants.some((grant) => allows(grant, role, target));
  }

  /** Whether it has the role for the whole server. */
  mayAll(role: Role): boolean {
    return this.grants.some((grant) => allowsAll(grant, role));
  }

  /** What it may read of an env; undefined: nothing. */
  viewOf(env: string): View | undefined {
    const known = this.#views.get(env);
    if (known !== undefined) return known;
    const services = servicesOf(this.grants, 'read', env);
    if (services.length === 0) return undefined;
    if (services.includes(anything)) return wholeView;
    const key = services.join();
    const view: View = { key, tag: tagOf(key), sees: (service) => matchesAny(services, service) };
    // A token for every env could name one after another.
    if (this.#views.size < rememberedViews) this.#views.set(env, view);
    return view;
  }
}

const rememberedViews = 100;

const tagOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 12);

/** Every client of a server without a tokens file. */
export const anonymous: Caller = new Caller({
  name: 'anonymous',
  grants: [{ role: 'admin', envs: [anything], services: [anything] }],
  // Without tokens all programs are one caller: a limit of one program would be a limit of the whole roll.
  maxInstances: Number.POSITIVE_INFINITY,
});
