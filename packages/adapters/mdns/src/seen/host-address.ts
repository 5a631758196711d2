/** Host names with their addresses, and who uses them. Bounded: the oldest goes. */
export class Addresses<T> {
  readonly #capacity: number;
  readonly #hosts = new Map<string, { ipv4?: string; ipv6?: string }>();
  readonly #users = new Map<string, Set<T>>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The host as it stands in an address; IPv4 first. */
  of(host: string): string | undefined {
    const { ipv4, ipv6 } = this.#hosts.get(host) ?? {};
    return ipv4 ?? (ipv6 === undefined ? undefined : `[${ipv6}]`);
  }

  /** Answers whom the news concerns. */
  learn(host: string, type: 'A' | 'AAAA', address: string): Iterable<T> {
    const known = this.#hosts.get(host) ?? {};
    const field = type === 'A' ? 'ipv4' : 'ipv6';
    const news = known[field] !== address;
    known[field] = address;
    this.#hosts.delete(host);
    this.#hosts.set(host, known);
    const [oldest] = this.#hosts.keys();
    if (this.#hosts.size > this.#capacity && oldest !== undefined) this.#hosts.delete(oldest);
    return news ? (this.#users.get(host) ?? []) : [];
  }

  use(host: string, user: T): void {
    const users = this.#users.get(host) ?? new Set<T>();
    this.#users.set(host, users.add(user));
  }

  leave(host: string | undefined, user: T): void {
    const users = host === undefined ? undefined : this.#users.get(host);
    if (host === undefined || users === undefined) return;
    users.delete(user);
    if (users.size === 0) this.#users.delete(host);
  }
}
