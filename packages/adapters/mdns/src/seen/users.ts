/** Hosts, and the instances that are announced at them. */
export class Users<T> {
  readonly #users = new Map<string, Set<T>>();

  of(host: string): Iterable<T> {
    return this.#users.get(host) ?? [];
  }

  /** `user` has moved to another host, or to none when `host` is undefined. */
  move(user: T, from: string | undefined, to: string | undefined): void {
    if (from === to) return;
    const left = from === undefined ? undefined : this.#users.get(from);
    left?.delete(user);
    if (from !== undefined && left?.size === 0) this.#users.delete(from);
    if (to === undefined) return;
    const users = this.#users.get(to) ?? new Set<T>();
    this.#users.set(to, users.add(user));
  }
}
