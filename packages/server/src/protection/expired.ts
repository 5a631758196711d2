import { LeaseTable } from '@rollcall/core/adapter';
import { type Allowance, Ceiling } from './ceiling.ts';
import { quietIntervals } from './constants.ts';
import { isCovered, type Member } from './member.ts';

/** The instances whose lease ran out and that are listed all the same, and when each may be evicted. */
export class Expired {
  readonly #members = new Set<Member>();
  /** Those that may have come to be covered by a newcomer. */
  readonly #perhapsCovered = new Set<Member>();
  /** Not covered: until when their environment must be quiet. */
  readonly #quiet = new LeaseTable<Member>();
  readonly #ceiling: Ceiling;
  #quietSince = Number.NEGATIVE_INFINITY;

  constructor(random: () => number) {
    this.#ceiling = new Ceiling(random);
  }

  get size(): number {
    return this.#members.size;
  }

  get members(): readonly Member[] {
    return [...this.#members];
  }

  get nextDeadline(): number {
    const quiet = this.#quiet.nextDeadline() ?? Number.POSITIVE_INFINITY;
    return Math.min(quiet, this.#ceiling.nextDeadline ?? Number.POSITIVE_INFINITY);
  }

  add(member: Member, now: number, isProtected: boolean): void {
    this.#members.add(member);
    this.#perhapsCovered.add(member);
    this.#ceiling.await(member, now);
    if (!isProtected) this.#awaitQuiet(member);
  }

  /** It renewed or left. */
  delete(member: Member): void {
    if (!this.#members.delete(member)) return;
    this.#perhapsCovered.delete(member);
    this.#quiet.delete(member.key);
    this.#ceiling.release(member);
  }

  /** What stands in for `member` changed: judge all again that depend on it by the chain of replacements. */
  reconsider(member: Member): void {
    for (let next: Member | undefined = member; next !== undefined; next = next.standsInFor)
      if (this.#members.has(next)) this.#perhapsCovered.add(next);
  }

  protectionEnded(now: number): void {
    this.#quietSince = now;
    for (const member of this.#members) this.#awaitQuiet(member);
  }

  /** Those to evict now. The ceiling is asked only where no other reason applies. */
  take(isProtected: boolean, allowance: Allowance): readonly Member[] {
    const covered = [...this.#perhapsCovered].filter(isCovered);
    this.#perhapsCovered.clear();
    // What was put on the list before protection began waits for its end.
    const quiet = this.#quiet.expire(allowance.now).filter(() => !isProtected);
    const due = new Set([...covered, ...quiet]);
    return due.size > 0 ? [...due] : this.#ceiling.take(allowance);
  }

  /** It may go when its environment has not been protected for two of its own intervals. */
  #awaitQuiet(member: Member): void {
    this.#quiet.set(member.key, member, quietIntervals * member.renewIntervalMs, this.#quietSince);
  }
}
