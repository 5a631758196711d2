import { LeaseTable } from '@rollcall/core/adapter';
import { ceilingMs, recentMs } from './constants.ts';
import type { Member } from './member.ts';

/** Who was struck off within the last hour: for 300 s it counts as missing, for an hour its return is no newcomer. */
export class StruckOff {
  readonly #recent = new LeaseTable<Member>();
  readonly #known = new LeaseTable<Member>();
  readonly #members = new Map<string, Member>();

  /** The next time at which {@link StruckOff.expire} has something to do. */
  get nextDeadline(): number {
    const times = [this.#recent.nextDeadline(), this.#known.nextDeadline()];
    return Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
  }

  add(member: Member, now: number): void {
    this.#members.set(member.key, member);
    this.#known.set(member.key, member, ceilingMs, now);
    if (member.recent) this.#recent.set(member.key, member, recentMs, now);
  }

  /** One of this key registers: answers what it was before, which counts no longer. */
  back(key: string): Member | undefined {
    const member = this.#members.get(key);
    if (member === undefined) return undefined;
    this.#members.delete(key);
    this.#recent.delete(key);
    this.#known.delete(key);
    member.recent = false;
    return member;
  }

  /** Answers those whose 300 s are over. */
  expire(now: number): readonly Member[] {
    const over = this.#recent.expire(now);
    for (const member of over) member.recent = false;
    for (const { key } of this.#known.expire(now)) this.#members.delete(key);
    return over;
  }
}
