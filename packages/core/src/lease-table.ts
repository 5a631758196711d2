/** One lease in the list of its TTL. */
interface Lease<T> {
  readonly id: string;
  value: T;
  ttlMs: number;
  renewedAt: number;
  previous: Lease<T> | undefined;
  next: Lease<T> | undefined;
}

/** All leases of one TTL, ordered by renewal: a renewal goes to the tail, so the head is the first to expire. */
class LeaseList<T> {
  head: Lease<T> | undefined;
  tail: Lease<T> | undefined;

  append(lease: Lease<T>): void {
    lease.previous = this.tail;
    lease.next = undefined;
    if (this.tail === undefined) this.head = lease;
    else this.tail.next = lease;
    this.tail = lease;
  }

  unlink(lease: Lease<T>): void {
    if (lease.previous === undefined) this.head = lease.next;
    else lease.previous.next = lease.next;
    if (lease.next === undefined) this.tail = lease.previous;
    else lease.next.previous = lease.previous;
  }
}

/**
 * Leases by id, pure in `now` (milliseconds that never go back): one linked list per distinct TTL. A renewal is O(1),
 * expiry O(expired), the next deadline O(distinct TTLs), so whoever lets TTLs in rounds them to keep those few.
 */
export class LeaseTable<T> {
  readonly #leases = new Map<string, Lease<T>>();
  readonly #lists = new Map<number, LeaseList<T>>();

  get size(): number {
    return this.#leases.size;
  }

  has(id: string): boolean {
    return this.#leases.has(id);
  }

  /** Grants or replaces a lease that ends `ttlMs` after `now`. */
  set(id: string, value: T, ttlMs: number, now: number): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) {
      const granted: Lease<T> = { id, value, ttlMs, renewedAt: now, previous: undefined, next: undefined };
      this.#leases.set(id, granted);
      this.#listOf(ttlMs).append(granted);
      return;
    }
    lease.value = value;
    this.#move(lease, ttlMs, now);
  }

  /** Extends a lease by its own TTL from `now`; false when there is none. */
  renew(id: string, now: number): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    this.#move(lease, lease.ttlMs, now);
    return true;
  }

  delete(id: string): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    this.#leases.delete(id);
    this.#detach(lease);
    return true;
  }

  /** Takes out every lease whose end has come (`renewedAt + ttlMs <= now`); answers their values, oldest end first per TTL. */
  expire(now: number): T[] {
    const expired: T[] = [];
    for (const [ttlMs, list] of this.#lists) {
      for (let { head } = list; head !== undefined && head.renewedAt + ttlMs <= now; head = list.head) {
        this.#leases.delete(head.id);
        this.#detach(head);
        expired.push(head.value);
      }
    }
    return expired;
  }

  /** When the first lease ends; undefined when there is none. */
  nextDeadline(): number | undefined {
    let first: number | undefined;
    for (const [ttlMs, { head }] of this.#lists) {
      if (head !== undefined && (first === undefined || head.renewedAt + ttlMs < first)) first = head.renewedAt + ttlMs;
    }
    return first;
  }

  #move(lease: Lease<T>, ttlMs: number, now: number): void {
    this.#detach(lease);
    lease.ttlMs = ttlMs;
    lease.renewedAt = now;
    this.#listOf(ttlMs).append(lease);
  }

  #detach(lease: Lease<T>): void {
    const list = this.#listOf(lease.ttlMs);
    list.unlink(lease);
    if (list.head === undefined) this.#lists.delete(lease.ttlMs);
  }

  #listOf(ttlMs: number): LeaseList<T> {
    const known = this.#lists.get(ttlMs);
    if (known !== undefined) return known;
    const list = new LeaseList<T>();
    this.#lists.set(ttlMs, list);
    return list;
  }
}
