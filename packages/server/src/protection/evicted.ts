import { ceilingMs, recentMs } from './constants.ts';
import { type Member, memberKey } from './member.ts';

/** An id that was evicted within the last hour. */
export interface Departure {
  readonly evictedAt: number;
  /** The member, kept for 300 s, and for as long as a newcomer stands in for it. */
  member: Member | undefined;
}

/**
 * The instances that were evicted within the last hour. For 300 s an instance counts as missing; for an hour its return
 * makes no newcomer. After the 300 s little more than its id is kept. Both maps are in the order of eviction.
 */
export class Evicted {
  readonly #recent = new Map<string, Departure>();
  readonly #known = new Map<string, Departure>();

  get size(): number {
    return this.#known.size;
  }

  /** The instances that count as missing, or would if they were not replaced. */
  *recent(): Generator<Member, undefined> {
    for (const { member } of this.#recent.values()) if (member !== undefined) yield member;
  }

  /** When the first recently evicted instance is forgotten; infinite: there is none. */
  get forgetsAt(): number {
    return endOf(this.#recent, recentMs);
  }

  /** The next time at which {@link Evicted.expire} has something to do. */
  get nextDeadline(): number {
    return Math.min(this.forgetsAt, endOf(this.#known, ceilingMs));
  }

  /** Remembers an evicted instance. With `member.recent` it counts as missing. */
  add(member: Member, now: number): void {
    const key = memberKey(member);
    this.#known.delete(key);
    const departure = { evictedAt: now, member: member.recent || member.replacedBy !== undefined ? member : undefined };
    this.#known.set(key, departure);
    if (member.recent) this.#recent.set(key, departure);
  }

  /** What is known of an id that was evicted. */
  find(key: string): Departure | undefined {
    return this.#known.get(key);
  }

  /** The remembered keys. */
  get keys(): Iterable<string> {
    return this.#known.keys();
  }

  /** Call it when an instance with this key registers. */
  back(key: string): { readonly wasEvicted: boolean; readonly before?: Member | undefined } {
    const departure = this.#known.get(key);
    if (departure === undefined) return { wasEvicted: false };
    this.#known.delete(key);
    this.#recent.delete(key);
    const before = departure.member;
    if (before !== undefined) before.recent = false;
    return { wasEvicted: true, before };
  }

  /**
   * Returns the instances whose 300 s are over. Beyond `atMost` it forgets the oldest at once, and tells `forgotten`.
   */
  expire(now: number, atMost: number, forgotten: (key: string) => void): readonly Member[] {
    const over: Member[] = [];
    for (const [key, departure] of this.#recent) {
      if (departure.evictedAt + recentMs > now && this.#recent.size <= atMost) break;
      this.#recent.delete(key);
      const { member } = departure;
      if (member === undefined) continue;
      member.recent = false;
      over.push(member);
      if (member.replacedBy === undefined) departure.member = undefined;
    }
    for (const [key, { evictedAt }] of this.#known) {
      if (evictedAt + ceilingMs > now && this.#known.size <= atMost) break;
      this.#known.delete(key);
      forgotten(key);
    }
    return over;
  }
}

function endOf(departures: ReadonlyMap<string, Departure>, afterMs: number): number {
  for (const { evictedAt } of departures.values()) return evictedAt + afterMs;
  return Number.POSITIVE_INFINITY;
}
