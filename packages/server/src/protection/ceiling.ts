import { LeaseTable } from '@rollcall/core/adapter';
import { ceilingMs, ceilingStepMs } from './constants.ts';
import { type Member, memberKey } from './member.ts';

/** Remaining times are rounded up to multiples of this, so that the lists of the lease table stay few. Milliseconds. */
const resolutionMs = 100;

/** What decides how many instances may be evicted. */
export interface Allowance {
  readonly now: number;
  /** How many evictions the ceiling allows per 60 s. */
  readonly budget: number;
  /** The time since which any instance of the environment renews; undefined: no instance does. */
  readonly heardSince: number | undefined;
  /** How many instances of an application are listed. */
  readonly listed: (service: string) => number;
}

/**
 * The ceiling: after an hour of silence an instance is evicted even under protection. A few at a time, at random, and
 * none while no instance at all renews.
 */
export class Ceiling {
  readonly #random: () => number;
  readonly #due = new LeaseTable<Member>();
  #since = Number.NEGATIVE_INFINITY;
  #spent = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get nextDeadline(): number | undefined {
    return this.#due.nextDeadline();
  }

  /** Waits for the ceiling of an instance that has expired and stays listed. */
  await(member: Member, now: number): void {
    const restMs = Math.max(0, member.since + ceilingMs - now);
    this.#due.set(memberKey(member), member, Math.ceil(restMs / resolutionMs) * resolutionMs, now);
  }

  release(member: Member): void {
    this.#due.delete(memberKey(member));
  }

  /** The instances to evict now. The others are tried again 60 s later. */
  take(allowance: Allowance): Member[] {
    const { now, budget, heardSince } = allowance;
    const silent = this.#due.expire(now);
    if (silent.length === 0) return [];
    if (now >= this.#since + ceilingStepMs) {
      this.#since = now;
      this.#spent = 0;
    }
    const heard = heardSince !== undefined && now >= heardSince + ceilingStepMs;
    const chosen = heard ? this.#choose(silent, budget - this.#spent, allowance) : [];
    this.#spent += chosen.length;
    const goes = new Set(chosen);
    for (const member of silent) if (!goes.has(member)) this.#due.set(memberKey(member), member, ceilingStepMs, now);
    return chosen;
  }

  /** Chooses at random (Fisher-Yates), and never the last instance of an application while others can be chosen. */
  #choose(members: readonly Member[], budget: number, { listed }: Allowance): Member[] {
    const shuffled = [...members];
    for (let index = shuffled.length - 1; index > 0; index -= 1) {
      const other = Math.floor(this.#random() * (index + 1));
      [shuffled[index], shuffled[other]] = [shuffled[other] as Member, shuffled[index] as Member];
    }
    const left = new Map<string, number>();
    const last: Member[] = [];
    const first = shuffled.filter((member) => {
      const count = left.get(member.service) ?? listed(member.service);
      left.set(member.service, count - 1);
      if (count > 1) return true;
      last.push(member);
      return false;
    });
    return [...first, ...last].slice(0, Math.max(0, budget));
  }
}
