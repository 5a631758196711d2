import { TimedLists } from '../leases/timed-lists.ts';
import { type Lease, lateAfterMs, type Maturing, type Member, maturesAfterMs } from './member.ts';

/** Marks that flipped since they were last asked for. */
export interface Flips {
  readonly late: readonly Member[];
  readonly onTime: readonly Member[];
}

/** Which of an environment's instances renew when they should, since when any does, and which have been there for a while. */
export class Lateness {
  /** Leased and on time. */
  readonly #lateAt = new TimedLists<Member>();
  readonly #matureAt = new TimedLists<Maturing>();
  #heard = 0;
  readonly #flippedLate = new Set<Member>();
  readonly #flippedOnTime = new Set<Member>();
  #heardSince = Number.NEGATIVE_INFINITY;

  /** Since when an instance of the environment renews; undefined: none does. */
  get heardSince(): number | undefined {
    return this.#heard === 0 ? undefined : this.#heardSince;
  }

  get nextDeadline(): number {
    const late = this.#lateAt.nextDeadline() ?? Number.POSITIVE_INFINITY;
    return Math.min(late, this.#matureAt.nextDeadline() ?? Number.POSITIVE_INFINITY);
  }

  /** An instance that is on time renewed, on the terms it had: nothing but its time changes. False: it is none. */
  renewed(member: Member, now: number): boolean {
    if (member.late || member.list === undefined) return false;
    member.lastRenewal = now;
    this.#lateAt.set(member, lateAfterMs(member), now);
    return true;
  }

  /** A member registered or renewed, maybe with another lease. Answers whether it was late. */
  heard(member: Member, { ttlMs, renewIntervalMs }: Lease, now: number): boolean {
    const wasLate = member.late;
    member.ttlMs = ttlMs;
    member.renewIntervalMs = renewIntervalMs;
    member.lastRenewal = now;
    member.late = false;
    if (wasLate && !this.#flippedLate.delete(member)) this.#flippedOnTime.add(member);
    if (ttlMs === 0) this.#unlease(member);
    else this.#lease(member, now);
    return wasLate;
  }

  /** As it was when the server stopped: an instance that was late stays so until it is heard, all others are heard now. */
  restore(member: Member, now: number): void {
    if (!member.late) this.heard(member, member, now);
    else this.#mature(member);
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

  /** The members that become late now; the caller reports each by {@link Lateness.fellLate}. */
  dueLate(now: number): readonly Member[] {
    const due = this.#lateAt.expire(now);
    this.#heard -= due.length;
    return due;
  }

  /** Those that have been registered for long enough to count. */
  dueMature(now: number): readonly Member[] {
    return this.#matureAt.expire(now).map(({ member }) => {
      member.maturing = undefined;
      return member;
    });
  }

  takeFlips(): Flips {
    const flips = { late: [...this.#flippedLate], onTime: [...this.#flippedOnTime] };
    this.#flippedLate.clear();
    this.#flippedOnTime.clear();
    return flips;
  }

  #lease(member: Member, now: number): void {
    if (this.#heard === 0) this.#heardSince = now;
    if (member.list === undefined) this.#heard += 1;
    this.#lateAt.set(member, lateAfterMs(member), now);
    this.#mature(member);
  }

  #mature(member: Member): void {
    if (member.mature || member.maturing !== undefined) return;
    member.maturing = { member, list: undefined, since: 0, previous: undefined, next: undefined };
    this.#matureAt.set(member.maturing, maturesAfterMs(member), member.registeredAt);
  }

  #unhear(member: Member): void {
    if (member.list !== undefined) this.#heard -= 1;
    this.#lateAt.delete(member);
  }

  #unlease(member: Member): void {
    this.#unhear(member);
    if (member.maturing !== undefined) this.#matureAt.delete(member.maturing);
    member.maturing = undefined;
  }
}
