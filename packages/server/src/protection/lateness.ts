import { TimedLists } from '../leases/timed-lists.ts';
import { MaturingMembers } from './maturing.ts';
import { type Lease, lateAfterMs, type Member } from './member.ts';
import { takeAll } from './take-all.ts';

/** The instances that became late, or renewed, since the last call. */
export interface Flips {
  readonly late: readonly Member[];
  readonly onTime: readonly Member[];
}

/**
 * Which instances of an environment are late, since when any instance renews, and which have been registered for long
 * enough to count.
 */
export class Lateness {
  /** Instances with a lease that are on time. */
  readonly #lateAt = new TimedLists<Member>();
  readonly #maturing = new MaturingMembers();
  #heard = 0;
  readonly #flippedLate = new Set<Member>();
  readonly #flippedOnTime = new Set<Member>();
  #heardSince = Number.NEGATIVE_INFINITY;

  /** The time since which any instance of the environment renews; undefined: no instance does. */
  get heardSince(): number | undefined {
    return this.#heard === 0 ? undefined : this.#heardSince;
  }

  get nextDeadline(): number {
    const late = this.#lateAt.nextDeadline() ?? Number.POSITIVE_INFINITY;
    return Math.min(late, this.#maturing.nextDeadline);
  }

  /**
   * Renews an instance on its present terms. If the instance is on time, only its deadline changes; otherwise nothing
   * does, and the result is false.
   */
  renewed(member: Member, now: number): boolean {
    if (member.late || member.list === undefined) return false;
    this.#lateAt.set(member, lateAfterMs(member), now);
    return true;
  }

  /** Takes a register or renewal of a member, perhaps with other terms. Returns whether the member was late. */
  heard(member: Member, { ttlMs, renewIntervalMs }: Lease, now: number): boolean {
    const wasLate = member.late;
    member.ttlMs = ttlMs;
    member.renewIntervalMs = renewIntervalMs;
    member.since = now;
    member.late = false;
    if (wasLate && !this.#flippedLate.delete(member)) this.#flippedOnTime.add(member);
    if (ttlMs === 0) this.#unlease(member);
    else this.#lease(member, now);
    return wasLate;
  }

  /**
   * Restores an instance as it was when the server stopped: a late one stays late until it renews, and any other counts
   * as renewed now.
   */
  restore(member: Member, now: number): void {
    if (!member.late) this.heard(member, member, now);
    else this.#maturing.add(member);
  }

  fellLate(member: Member): void {
    member.late = true;
    this.#unhear(member);
    if (!this.#flippedOnTime.delete(member)) this.#flippedLate.add(member);
  }

  left(member: Member): void {
    this.#unlease(member);
    this.#flippedLate.delete(member);
    this.#flippedOnTime.delete(member);
  }

  /** The members that become late now. The caller reports each by {@link Lateness.fellLate}. */
  dueLate(now: number): readonly Member[] {
    const due = this.#lateAt.expire(now);
    this.#heard -= due.length;
    return due;
  }

  /** The members that have been registered for long enough to count. */
  dueMature(now: number): readonly Member[] {
    return this.#maturing.expire(now);
  }

  takeFlips(): Flips {
    return { late: takeAll(this.#flippedLate), onTime: takeAll(this.#flippedOnTime) };
  }

  #lease(member: Member, now: number): void {
    if (this.#heard === 0) this.#heardSince = now;
    if (member.list === undefined) this.#heard += 1;
    this.#lateAt.set(member, lateAfterMs(member), now);
    this.#maturing.add(member);
  }

  #unhear(member: Member): void {
    if (member.list !== undefined) this.#heard -= 1;
    this.#lateAt.delete(member);
  }

  #unlease(member: Member): void {
    this.#unhear(member);
    member.isMaturing = false;
  }
}
