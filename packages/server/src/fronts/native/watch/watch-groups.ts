import type { Change } from '../../../roll/followers.ts';
import { type WatchFilter, WatchGroup } from './watch-group.ts';

/** Watches by what they want, so that a change costs those that it concerns and no others. */
export class WatchGroups<T> {
  readonly #ofService = new Map<string, WatchGroup<T>>();
  /** Env -> those that watch more than one of its services, by what they may read. */
  readonly #ofEnv = new Map<string, Map<string, WatchGroup<T>>>();

  /** Those that want the same. `revision`: of the roll, now. */
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

  /** Those that a change concerns. */
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

/** NUL occurs in neither. */
const keyOf = (env: string, service: string): string => `${env}\0${service}`;
