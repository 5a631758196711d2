import { DeadlineQueue } from './deadline-queue.ts';

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
 * Leases by id, pure in `now` (milliseconds that never go back): one linked list per distinct TTL, and a heap of the
 * lists by their first end. A renewal is O(1) unless it was the first of its list. Expiry and the next deadline grow
 * only with the logarithm of the number of distinct TTLs.
 */
export class LeaseTable<T> {
  readonly #leases = new Map<string, Lease<T>>();
  readonly #lists = new Map<number, LeaseList<T>>();
  readonly #ends = new DeadlineQueue<LeaseList<T>>();

  /** The number of leases, including expired leases that were not taken yet. */
  get size(): number {
    return this.#leases.size;
  }

  /** Whether there is a lease of this key, expired or not. */
  has(id: string): boolean {
    return this.#leases.has(id);
  }

  /** Grants or replaces a lease that ends `ttlMs` after `now`. */
  set(id: string, value: T, ttlMs: number, now: number): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) {
      const granted: Lease<T> = { id, value, ttlMs, renewedAt: now, previous: undefined, next: undefined };
      this.#leases.set(id, granted);
      this.#attach(granted);
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

  /** Forgets a lease. Returns whether there was one. */
  delete(id: string): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    this.#leases.delete(id);
    this.#detach(lease);
    return true;
  }

  /**
   * Takes out every lease whose end has come (`renewedAt + ttlMs <= now`); returns their values, earliest end first.
   */
  expire(now: number): T[] {
    const expired: T[] = [];
    for (let head = this.#firstDue(now); head !== undefined; head = this.#firstDue(now)) {
      this.#leases.delete(head.id);
      this.#detach(head);
      expired.push(head.value);
    }
    return expired;
  }

  /** When the first lease ends; undefined when there is none. */
  nextDeadline(): number | undefined {
    return this.#ends.firstAt;
  }

  #firstDue(now: number): Lease<T> | undefined {
    const end = this.#ends.firstAt;
    return end === undefined || end > now ? undefined : this.#ends.first?.head;
  }

  #move(lease: Lease<T>, ttlMs: number, now: number): void {
    const list = lease.ttlMs === ttlMs && lease.next !== undefined ? this.#lists.get(ttlMs) : undefined;
    if (list !== undefined) {
      // This is the usual renewal: the list has other leases of the same TTL, so the list stays in the heap.
      list.unlink(lease);
      lease.renewedAt = now;
      list.append(lease);
      this.#order(list, ttlMs);
      return;
    }
    this.#detach(lease);
    lease.ttlMs = ttlMs;
    lease.renewedAt = now;
    this.#attach(lease);
  }

  #attach(lease: Lease<T>): void {
    const list = this.#lists.get(lease.ttlMs) ?? new LeaseList<T>();
    this.#lists.set(lease.ttlMs, list);
    list.append(lease);
    this.#order(list, lease.ttlMs);
  }

  #detach(lease: Lease<T>): void {
    const list = this.#lists.get(lease.ttlMs);
    list?.unlink(lease);
    if (list !== undefined) this.#order(list, lease.ttlMs);
  }

  #order(list: LeaseList<T>, ttlMs: number): void {
    if (list.head !== undefined) {
      this.#ends.set(list, list.head.renewedAt + ttlMs);
      return;
    }
    this.#ends.delete(list);
    this.#lists.delete(ttlMs);
  }
}
