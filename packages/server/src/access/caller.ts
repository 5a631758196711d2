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

/** The part of an env that a caller may read. */
export interface View {
  /** Views with the same key see the same services. Empty: the whole env. */
  readonly key: string;
  /** A short form of the key, for cursors: a cursor of another view would skip nodes that its client was never told. */
  readonly tag: string;
  sees(service: string): boolean;
}

/** The view of a whole env. */
export const wholeView: View = Object.freeze({ key: '', tag: '', sees: () => true });

/** The sender of a request, as the tokens file knows it. */
export class Caller {
  /** The name of the caller's token, for logs and the audit log. */
  readonly name: string;
  readonly grants: readonly Grant[];
  /** The most instances that the caller may have on the roll; undefined: the server's own limit. */
  readonly maxInstances: number | undefined;
  readonly #views = new Map<string, View>();
  #isCurrent = true;

  constructor({ name, grants, maxInstances }: Pick<Caller, 'name' | 'grants' | 'maxInstances'>) {
    this.name = name;
    this.grants = grants;
    this.maxInstances = maxInstances;
  }

  /** Whether the caller's token is still in the file, with these rights. */
  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  /** Called when the caller's token is gone, or has other rights. */
  revoke(): void {
    this.#isCurrent = false;
  }

  /** Whether the caller has the role anywhere. */
  holds(role: Role): boolean {
    return holdsRole(this.grants, role);
  }

  /** Whether the caller has the role for all of `target`. */
  may(role: Role, target: Target): boolean {
    return this.grants.some((grant) => allows(grant, role, target));
  }

  /** Whether the caller has the role for the whole server. */
  mayAll(role: Role): boolean {
    return this.grants.some((grant) => allowsAll(grant, role));
  }

  /** The part of an env that the caller may read; undefined: nothing. */
  viewOf(env: string): View | undefined {
    const known = this.#views.get(env);
    if (known !== undefined) return known;
    const services = servicesOf(this.grants, 'read', env);
    if (services.length === 0) return undefined;
    if (services.includes(anything)) return wholeView;
    const key = services.join();
    const view: View = { key, tag: tagOf(key), sees: (service) => matchesAny(services, service) };
    // The bound is needed: a client whose token covers every env could ask for made-up env names without end.
    if (this.#views.size < rememberedViews) this.#views.set(env, view);
    return view;
  }
}

const rememberedViews = 100;

const tagOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 12);

/** The caller of every request to a server without a tokens file. */
export const anonymous: Caller = new Caller({
  name: 'anonymous',
  grants: [{ role: 'admin', envs: [anything], services: [anything] }],
  // Without tokens all programs are one caller, so a limit of instances would limit the whole roll.
  maxInstances: Number.POSITIVE_INFINITY,
});
