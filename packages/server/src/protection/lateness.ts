import { LeaseTable } from '@rollcall/core/adapter';
import { type Lease, lateAfterMs, type Member, maturesAfterMs } from './member.ts';

/** Marks that flipped since they were last asked for. */
export interface Flips {
  readonly late: readonly Member[];
  readonly onTime: readonly Member[];
}

/** Which of an environment's instances renew when they should, since when any does, and which have been there for a while. */
export class Lateness {
  readonly #lateAt = new LeaseTable<Member>();
  readonly #matureAt = new LeaseTable<Member>();
  /** Leased and on time. */
  readonly #heard = new Set<Member>();
  readonly #flippedLate = new Set<Member>();
  readonly #flippedOnTime = new Set<Member>();
  #heardSince = Number.NEGATIVE_INFINITY;

  /** Since when an instance of the environment renews; undefined: none does. */
  get heardSince(): number | undefined {
    return this.#heard.size === 0 ? undefined : this.#heardSince;
  }

  get nextDeadline(): number {
    const late = this.#lateAt.nextDeadline() ?? Number.POSITIVE_INFINITY;
    return Math.min(late, this.#matureAt.nextDeadline() ?? Number.POSITIVE_INFINITY);
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
    else if (!member.mature) this.#matureAt.set(member.key, member, maturesAfterMs(member), member.registeredAt);
  }

  fellLate(member: Member): void {
    member.late = true;
    this.#lateAt.delete(member.key);
    this.#heard.delete(member);
    if (!this.#flippedOnTime.delete(member)) this.#flippedLate.add(member);
  }

  left(member: Member): void {
    this.#unlease(member);
    this.#flippedLate.delete(member);
    this.#flippedOnTime.delete(member);
  }

  /** The members that become late now; the caller reports each by {@link Lateness.fellLate}. */
  dueLate(now: number): readonly Member[] {
    return this.#lateAt.expire(now);
  }

  /** Those that have been registered for long enough to count. */
  dueMature(now: number): readonly Member[] {
    return this.#matureAt.expire(now);
  }

  takeFlips(): Flips {
    const flips = { late: [...this.#flippedLate], onTime: [...this.#flippedOnTime] };
    this.#flippedLate.clear();
    this.#flippedOnTime.clear();
    return flips;
  }

  #lease(member: Member, now: number): void {
    if (this.#heard.size === 0) this.#heardSince = now;
    this.#heard.add(member);
    this.#lateAt.set(member.key, member, lateAfterMs(member), now);
    if (member.mature || this.#matureAt.has(member.key)) return;
    this.#matureAt.set(member.key, member, maturesAfterMs(member), member.registeredAt);
  }

  #unlease(member: Member): void {
    this.#heard.delete(member);
    this.#lateAt.delete(member.key);
    this.#matureAt.delete(member.key);
  }
}
