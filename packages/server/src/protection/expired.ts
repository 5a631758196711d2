import { LeaseTable } from '@rollcall/core/adapter';
import { type Allowance, Ceiling } from './ceiling.ts';
import { ceilingMs, quietIntervals } from './constants.ts';
import { coverOf, type Eviction, type EvictionCause, judgedOf, type Member, memberKey } from './member.ts';
import { takeAll } from './take-all.ts';

/** An instance that is to be evicted now. */
export interface Due {
  readonly member: Member;
  readonly cause: EvictionCause;
}

/** The instances that stay listed although their lease has run out, and when each may be evicted. */
export class Expired {
  readonly #members = new Set<Member>();
  /** Instances for which a newcomer may stand in now. */
  readonly #perhapsCovered = new Set<Member>();
  /** Instances without a newcomer: until when their environment must be quiet. */
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

  /** Forgets an instance that has renewed or left the roll. */
  delete(member: Member): void {
    if (!this.#members.delete(member)) return;
    this.#perhapsCovered.delete(member);
    this.#quiet.delete(memberKey(member));
    this.#ceiling.release(member);
  }

  /** Judges again all instances whose chain of replacements leads to `member`, because its newcomer changed. */
  reconsider(member: Member): void {
    for (let next: Member | undefined = member; next !== undefined; next = next.standsInFor)
      if (this.#members.has(next)) this.#perhapsCovered.add(next);
  }

  protectionEnded(now: number): void {
    this.#quietSince = now;
    for (const member of this.#members) this.#awaitQuiet(member);
  }

  /** The instances to evict now. The ceiling counts only where no other reason applies. */
  take(isProtected: boolean, allowance: Allowance): readonly Due[] {
    if (this.#members.size === 0) return none;
    const covered = takeAll(this.#perhapsCovered).filter((member) => coverOf(member) !== undefined);
    // An instance that expired before protection began waits until protection ends.
    const quiet = this.#quiet.expire(allowance.now).filter(() => !isProtected);
    const due = new Map([...quiet.map(dueTo('quiet')), ...covered.map(dueTo('replaced'))]);
    const all = due.size > 0 ? due : new Map(this.#ceiling.take(allowance).map(dueTo('ceiling')));
    return [...all].map(([member, cause]) => ({ member, cause }));
  }

  /** When an instance may be evicted, if neither it nor its environment changes until then. */
  mayGoAt({ since, renewIntervalMs }: Member, isProtected: boolean): number {
    const ceilingAt = since + ceilingMs;
    return isProtected ? ceilingAt : Math.min(ceilingAt, this.#quietSince + quietIntervals * renewIntervalMs);
  }

  /**
   * When an instance may be evicted: the environment must have been without protection for two intervals of the
   * instance.
   */
  #awaitQuiet(member: Member): void {
    this.#quiet.set(memberKey(member), member, quietIntervals * member.renewIntervalMs, this.#quietSince);
  }
}

const none: readonly Due[] = [];

const dueTo =
  (cause: EvictionCause) =>
  (member: Member): [Member, EvictionCause] => [member, cause];

/** The record of an instance that is to be evicted. */
export function evictionOf({ member, cause }: Due, now: number): Eviction {
  const replacedBy = cause === 'replaced' ? coverOf(member)?.id : undefined;
  return { ...judgedOf(member, now), cause, ...(replacedBy === undefined ? {} : { replacedBy }) };
}
