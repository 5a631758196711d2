import type { Change } from '../../../roll/followers.ts';
import { type WatchFilter, WatchGroup } from './watch-group.ts';

/** Watches grouped by their filters, so that a change costs only the groups that it concerns. */
export class WatchGroups<T> {
  readonly #ofService = new Map<string, WatchGroup<T>>();
  /** Env -> the groups that watch more than one of its services, by what they may read. */
  readonly #ofEnv = new Map<string, Map<string, WatchGroup<T>>>();

  /** The group of a filter. `revision`: the roll's present one. */
  of(filter: WatchFilter, revision: number): WatchGroup<T> {
    const [groups, key] = this.#place(filter);
    const group = groups.get(key) ?? new WatchGroup<T>(filter, revision);
    groups.set(key, group);
    return group;
  }

  leave(member: T, group: WatchGroup<T>): void {
    group.members.delete(member);
    if (group.members.size > 0) return;
    const { env, service } = group.filter;
    const [groups, key] = this.#place(group.filter);
    groups.delete(key);
    if (service === undefined && groups.size === 0) this.#ofEnv.delete(env);
  }

  /** The groups that a change concerns. */
  *concernedBy({ instance: { env, service } }: Change): Generator<WatchGroup<T>, undefined> {
    const own = this.#ofService.get(keyOf(env, service));
    if (own !== undefined) yield own;
    for (const group of this.#ofEnv.get(env)?.values() ?? []) if (group.filter.view.sees(service)) yield group;
  }

  #place({ env, service, view }: WatchFilter): readonly [groups: Map<string, WatchGroup<T>>, key: string] {
    if (service !== undefined) return [this.#ofService, keyOf(env, service)];
    const groups = this.#ofEnv.get(env) ?? new Map<string, WatchGroup<T>>();
    this.#ofEnv.set(env, groups);
    return [groups, view.key];
  }
}

/** NUL occurs neither in an env nor in the name of a service. */
const keyOf = (env: string, service: string): string => `${env}\0${service}`;
