import { LeaseTable } from '@rollcall/core';
import { ceilingMs, ceilingStepMs, quietIntervals, recentMs, toleratedPart } from './constants.ts';
import { contribution, isCovered, lateAfterMs, type Member, memberKey, type Ref } from './member.ts';
import { Replacements } from './replacements.ts';

/** Options of {@link Protection}. */
export interface ProtectionOptions {
  /** Off: every expired instance is struck off at once. */
  readonly enabled: boolean;
  /** In [0, 1); default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** The numbers of the rule, now. */
export interface ProtectionView {
  readonly missing: number;
  /** N of the rule. */
  readonly considered: number;
  /** Protected while `missing` is above it. */
  readonly threshold: number;
  /** Expired and still listed. */
  readonly held: number;
  /** Protected, or an expired instance is held. */
  readonly on: boolean;
}

/** What {@link Protection.advance} answers. */
export interface Verdict {
  readonly late: readonly Ref[];
  readonly onTime: readonly Ref[];
  readonly evict: readonly Ref[];
}

type Lease = Pick<Member, 'ttlMs' | 'renewIntervalMs'>;

/**
 * Self-protection of one environment: when more than 15 % of its instances (and more than one) are silent or were struck
 * off in the last five minutes with no newcomer in their place, the registry blames the network and strikes nobody off.
 * Pure in `now`, milliseconds that never go back.
 */
export class Protection {
  readonly #enabled: boolean;
  readonly #random: () => number;
  readonly #listed = new Map<string, Member>();
  readonly #struckOff = new Map<string, Member>();
  readonly #apps = new Map<string, Replacements>();
  readonly #lateAt = new LeaseTable<Member>();
  readonly #matureAt = new LeaseTable<Member>();
  readonly #recent = new LeaseTable<Member>();
  readonly #ended = new LeaseTable<Member>();
  readonly #held = new Set<Member>();
  readonly #onTime = new Set<Member>();
  #newlyLate: Member[] = [];
  #missing = 0;
  #considered = 0;
  /** Leased and on time: whether anybody of the environment renews. */
  #onTimeCount = 0;
  #protected = false;
  #quietSince = Number.NEGATIVE_INFINITY;
  #heardSince = Number.NEGATIVE_INFINITY;
  #ceiling = { since: Number.NEGATIVE_INFINITY, spent: 0 };
  #nextHeld = Number.POSITIVE_INFINITY;
  #dirty = false;

  constructor({ enabled, random = Math.random }: ProtectionOptions) {
    this.#enabled = enabled;
    this.#random = random;
  }

  /** A new id, or one that is listed already: then a renewal, maybe under another lease. `ttlMs: 0`: never late. */
  registered(appid: string, id: string, { ttlMs, renewIntervalMs }: Lease, now: number): void {
    const key = memberKey({ appid, id });
    const known = this.#listed.get(key);
    if (known !== undefined) {
      known.ttlMs = ttlMs;
      known.renewIntervalMs = renewIntervalMs;
      this.renewed(appid, id, now);
      return;
    }
    const base = { appid, id, registeredAt: now, lastRenewal: now, ttlMs, renewIntervalMs };
    const member: Member = {
      ...base,
      mature: false,
      late: false,
      expired: false,
      evictedAt: undefined,
      replacedBy: undefined,
      recent: false,
      ceilingAt: Number.POSITIVE_INFINITY,
      counted: { missing: 0, considered: 0 },
    };
    this.#listed.set(key, member);
    this.#arrive(member, now);
    this.#time(member);
    if (ttlMs > 0) this.#matureAt.set(key, member, 1.25 * renewIntervalMs, now);
    this.#heard(member, now);
    this.#dirty = true;
  }

  renewed(appid: string, id: string, now: number): void {
    const member = this.#listed.get(memberKey({ appid, id }));
    if (member === undefined) return;
    member.lastRenewal = now;
    this.#time(member);
    if (!member.late) return;
    this.#appOf(member).returned(member);
    member.late = false;
    member.expired = false;
    this.#held.delete(member);
    this.#heard(member, now);
    this.#recount(member);
    this.#onTime.add(member);
    this.#dirty = true;
  }

  /** A clean cancel. */
  cancelled(appid: string, id: string, now: number): void {
    const member = this.#listed.get(memberKey({ appid, id }));
    if (member === undefined) return;
    this.#unlist(member);
    this.#appOf(member).cancelled(member, now);
    this.#dirty = true;
  }

  /** Its lease ran out. It stays listed until {@link Protection.advance} says otherwise. */
  expired(appid: string, id: string, now: number): void {
    const member = this.#listed.get(memberKey({ appid, id }));
    if (member === undefined) return;
    if (!member.late) this.#fallLate(member, now);
    member.expired = true;
    member.ceilingAt = member.lastRenewal + ceilingMs;
    this.#held.add(member);
    this.#dirty = true;
  }

  /** Moves time: whose late mark flipped since the last call, and who is to be struck off now. */
  advance(now: number): Verdict {
    if (!this.#dirty && now < (this.nextDeadline() ?? Number.POSITIVE_INFINITY))
      return { late: [], onTime: [], evict: [] };
    this.#turn(now);
    const late = this.#newlyLate.splice(0).filter((member) => member.late);
    const onTime = [...this.#onTime].filter((member) => !member.late);
    this.#onTime.clear();
    this.#evaluate(now);
    const evict = this.#enabled ? this.#due(now) : [...this.#held];
    for (const member of evict) this.#strikeOff(member, now, true);
    if (evict.length > 0) this.#evaluate(now);
    this.#dirty = false;
    this.#nextHeld = this.#nextLook(now);
    return { late, onTime, evict };
  }

  /** When {@link Protection.advance} must be called next; undefined: nothing is due. */
  nextDeadline(): number | undefined {
    if (this.#dirty) return Number.NEGATIVE_INFINITY;
    const times = [this.#lateAt.nextDeadline(), this.#matureAt.nextDeadline(), this.#recent.nextDeadline()];
    const first = Math.min(this.#nextHeld, ...times.map((time) => time ?? Number.POSITIVE_INFINITY));
    return first === Number.POSITIVE_INFINITY ? undefined : first;
  }

  /** Strikes off every expired one; those count neither as missing nor in N. */
  end(now: number): readonly Ref[] {
    const ended = [...this.#held];
    for (const member of ended) this.#strikeOff(member, now, false);
    this.#dirty = true;
    this.#evaluate(now);
    return ended;
  }

  view(now: number): ProtectionView {
    this.#evaluate(now);
    const held = this.#enabled ? this.#held.size : 0;
    return {
      missing: this.#missing,
      considered: this.#considered,
      threshold: this.#threshold(),
      held,
      on: this.#enabled && (this.#protected || held > 0),
    };
  }

  /** Late marks before evictions: one whose TTL is the shorter of the two is both at once. */
  #turn(now: number): void {
    for (const member of this.#lateAt.expire(now)) this.#fallLate(member, now);
    for (const member of this.#matureAt.expire(now)) {
      member.mature = true;
      this.#recount(member);
    }
    for (const member of this.#recent.expire(now)) {
      member.recent = false;
      this.#appOf(member).forget(member);
      this.#recount(member);
    }
    for (const member of this.#ended.expire(now))
      if (this.#struckOff.get(memberKey(member)) === member) this.#struckOff.delete(memberKey(member));
  }

  #arrive(member: Member, now: number): void {
    const key = memberKey(member);
    const before = this.#struckOff.get(key);
    if (before === undefined) {
      const replaced = this.#appOf(member).arrived(member, now);
      if (replaced !== undefined) this.#recount(replaced);
      return;
    }
    // It is back: no newcomer, and no longer missing.
    this.#struckOff.delete(key);
    this.#recent.delete(key);
    this.#appOf(before).returned(before);
    before.recent = false;
    this.#recount(before);
  }

  #fallLate(member: Member, now: number): void {
    if (member.late) return;
    member.late = true;
    this.#lateAt.delete(memberKey(member));
    this.#onTimeCount -= 1;
    this.#appOf(member).departed(member, now);
    this.#recount(member);
    this.#newlyLate.push(member);
    this.#dirty = true;
  }

  #heard(member: Member, now: number): void {
    if (member.ttlMs === 0) return;
    if (this.#onTimeCount === 0) this.#heardSince = now;
    this.#onTimeCount += 1;
  }

  #time(member: Member): void {
    const key = memberKey(member);
    if (member.ttlMs === 0) this.#lateAt.delete(key);
    else this.#lateAt.set(key, member, lateAfterMs(member), member.lastRenewal);
  }

  #unlist(member: Member): void {
    const key = memberKey(member);
    this.#listed.delete(key);
    this.#lateAt.delete(key);
    this.#matureAt.delete(key);
    this.#held.delete(member);
    this.#onTime.delete(member);
    if (!member.late && member.ttlMs > 0) this.#onTimeCount -= 1;
    this.#missing -= member.counted.missing;
    this.#considered -= member.counted.considered;
    member.counted = { missing: 0, considered: 0 };
  }

  #strikeOff(member: Member, now: number, counts: boolean): void {
    const key = memberKey(member);
    this.#unlist(member);
    member.evictedAt = now;
    member.recent = counts;
    this.#struckOff.set(key, member);
    this.#ended.set(key, member, ceilingMs, now);
    if (counts) this.#recent.set(key, member, recentMs, now);
    else this.#appOf(member).forget(member);
    this.#recount(member);
  }

  #recount(member: Member): void {
    // One that was cancelled counts nowhere any more.
    const now =
      member.evictedAt === undefined && this.#listed.get(memberKey(member)) !== member
        ? { missing: 0, considered: 0 }
        : contribution(member);
    this.#missing += now.missing - member.counted.missing;
    this.#considered += now.considered - member.counted.considered;
    member.counted = now;
  }

  #threshold(): number {
    return Math.max(1, Math.floor(toleratedPart * this.#considered));
  }

  #evaluate(now: number): void {
    const before = this.#protected;
    this.#protected = this.#enabled && this.#missing > this.#threshold();
    if (before && !this.#protected) this.#quietSince = now;
  }

  #due(now: number): Member[] {
    const due: Member[] = [];
    for (const member of this.#held) if (isCovered(member) || this.#quietFor(member) <= now) due.push(member);
    return due.length > 0 ? due : this.#pastCeiling(now);
  }

  /** From when on an expired one may go although nobody stands in for it. */
  #quietFor(member: Member): number {
    return this.#protected ? Number.POSITIVE_INFINITY : this.#quietSince + quietIntervals * member.renewIntervalMs;
  }

  /** An hour of silence ends even under protection, a few at a time, and not while nobody at all is heard. */
  #pastCeiling(now: number): Member[] {
    const silent = [...this.#held].filter((member) => member.ceilingAt <= now);
    if (silent.length === 0) return [];
    if (this.#onTimeCount === 0 || now < this.#heardSince + ceilingStepMs) return this.#later(silent, now);
    if (now >= this.#ceiling.since + ceilingStepMs) this.#ceiling = { since: now, spent: 0 };
    const budget = this.#threshold() - this.#ceiling.spent;
    const chosen = this.#choose(silent, budget);
    this.#ceiling = { ...this.#ceiling, spent: this.#ceiling.spent + chosen.length };
    this.#later(
      silent.filter((member) => !chosen.includes(member)),
      now,
    );
    return chosen;
  }

  #later(members: readonly Member[], now: number): Member[] {
    for (const member of members) member.ceilingAt = now + ceilingStepMs;
    return [];
  }

  /** At random, and never the last of an application while others can be chosen. */
  #choose(members: readonly Member[], budget: number): Member[] {
    const shuffled = [...members];
    for (let index = shuffled.length - 1; index > 0; index -= 1) {
      const other = Math.floor(this.#random() * (index + 1));
      [shuffled[index], shuffled[other]] = [shuffled[other] as Member, shuffled[index] as Member];
    }
    const left = new Map<string, number>();
    for (const { appid } of this.#listed.values()) left.set(appid, (left.get(appid) ?? 0) + 1);
    const isLast = ({ appid }: Member): boolean => {
      const count = left.get(appid) ?? 0;
      left.set(appid, count - 1);
      return count <= 1;
    };
    const last: Member[] = [];
    const first = shuffled.filter((member) => !isLast(member) || last.push(member) === 0);
    return [...first, ...last].slice(0, Math.max(0, budget));
  }

  #nextLook(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const member of this.#held) next = Math.min(next, this.#quietFor(member), member.ceilingAt);
    return Math.max(next, now + 1);
  }

  #appOf({ appid }: Ref): Replacements {
    const known = this.#apps.get(appid);
    if (known !== undefined) return known;
    const app = new Replacements();
    this.#apps.set(appid, app);
    return app;
  }
}
