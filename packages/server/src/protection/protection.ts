import { LeaseTable } from '@rollcall/core/adapter';
import { Application, type Cancel, unchain } from './application.ts';
import { Ceiling } from './ceiling.ts';
import { quietIntervals, recentMs } from './constants.ts';
import { Count } from './count.ts';
import { isCovered, type Lease, lateAfterMs, type Member, memberKey, newMember, type Ref } from './member.ts';
import { StruckOff } from './struck-off.ts';

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

/**
 * Self-protection of one environment: when more than 15 % of its instances (and more than one) are silent or were struck
 * off in the last five minutes with no newcomer in their place, the registry blames the network and strikes nobody off.
 * Pure in `now`, milliseconds that never go back. Each event costs O(1) and the chain of replacements it touches; the end
 * of protection touches all that are held, once.
 */
export class Protection {
  readonly #enabled: boolean;
  readonly #ceiling: Ceiling;
  readonly #listed = new Map<string, Member>();
  readonly #struckOff = new StruckOff();
  readonly #count = new Count();
  readonly #apps = new Map<string, Application>();
  readonly #lateAt = new LeaseTable<Member>();
  readonly #matureAt = new LeaseTable<Member>();
  readonly #cancels = new LeaseTable<Cancel>();
  /** Expired, listed, and for whom nobody stands in: until when it must be quiet, if it is. */
  readonly #quiet = new LeaseTable<Member>();
  readonly #held = new Set<Member>();
  /** Expired ones that may have come to be covered. */
  readonly #perhapsCovered = new Set<Member>();
  readonly #turnedLate = new Set<Member>();
  readonly #turnedOnTime = new Set<Member>();
  #cancelCount = 0;
  /** Leased and on time: whether anybody of the environment renews, and since when. */
  #onTimeCount = 0;
  #heardSince = Number.NEGATIVE_INFINITY;
  #protected = false;
  #quietSince = Number.NEGATIVE_INFINITY;
  #dirty = false;

  constructor({ enabled, random = Math.random }: ProtectionOptions) {
    this.#enabled = enabled;
    this.#ceiling = new Ceiling(random);
  }

  /** A new id, or one that is listed already: then a renewal, maybe under another lease. `ttlMs: 0`: never late. */
  registered(appid: string, id: string, lease: Lease, now: number): void {
    const known = this.#listed.get(memberKey({ appid, id }));
    if (known !== undefined) {
      this.#renew(known, lease, now);
      return;
    }
    const member = newMember({ appid, id }, lease, now);
    this.#listed.set(member.key, member);
    this.#appOf(member).listed += 1;
    this.#arrive(member);
    this.#time(member);
    if (lease.ttlMs > 0) this.#matureAt.set(member.key, member, 1.25 * lease.renewIntervalMs, now);
    this.#heard(member, now);
    this.#dirty = true;
  }

  renewed(appid: string, id: string, now: number): void {
    const member = this.#listed.get(memberKey({ appid, id }));
    if (member !== undefined) this.#renew(member, member, now);
  }

  /** A clean cancel. */
  cancelled(appid: string, id: string, now: number): void {
    const member = this.#listed.get(memberKey({ appid, id }));
    if (member === undefined) return;
    this.#unlist(member, 'cancelled');
    const cancel = { key: `${this.#cancelCount++}`, appid };
    if (this.#appOf(member).cancelled(member, cancel, now)) this.#cancels.set(cancel.key, cancel, recentMs, now);
    this.#reconsider(member);
    unchain(member);
    this.#forgetIfEmpty(appid);
    this.#dirty = true;
  }

  /** Its lease ran out. It stays listed until {@link Protection.advance} says otherwise. */
  expired(appid: string, id: string, now: number): void {
    const member = this.#listed.get(memberKey({ appid, id }));
    if (member === undefined) return;
    this.#fallLate(member, now);
    this.#held.add(member);
    this.#perhapsCovered.add(member);
    this.#ceiling.hold(member, now);
    if (!this.#protected) this.#awaitQuiet(member);
    this.#dirty = true;
  }

  /** Moves time: whose late mark flipped since the last call, and who is to be struck off now. */
  advance(now: number): Verdict {
    if (!this.#dirty && now < (this.nextDeadline() ?? Number.POSITIVE_INFINITY))
      return { late: [], onTime: [], evict: [] };
    this.#turn(now);
    this.#evaluate(now);
    const evict = this.#enabled ? this.#due(now) : [...this.#held];
    const late = [...this.#turnedLate];
    const onTime = [...this.#turnedOnTime];
    for (const member of evict) this.#strikeOff(member, now, true);
    this.#evaluate(now);
    for (const flips of [this.#turnedLate, this.#turnedOnTime, this.#perhapsCovered]) flips.clear();
    this.#dirty = false;
    return { late, onTime, evict };
  }

  /** When {@link Protection.advance} must be called next; undefined: nothing is due. */
  nextDeadline(): number | undefined {
    if (this.#dirty) return Number.NEGATIVE_INFINITY;
    const tables = [this.#lateAt, this.#matureAt, this.#cancels, this.#quiet];
    const times = [this.#ceiling.nextDeadline, ...tables.map((table) => table.nextDeadline())];
    const first = Math.min(this.#struckOff.nextDeadline, ...times.map((time) => time ?? Number.POSITIVE_INFINITY));
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
    const { missing, considered, threshold } = this.#count;
    return { missing, considered, threshold, held, on: this.#enabled && (this.#protected || held > 0) };
  }

  #renew(member: Member, { ttlMs, renewIntervalMs }: Lease, now: number): void {
    Object.assign(member, { ttlMs, renewIntervalMs, lastRenewal: now });
    this.#time(member);
    if (!member.late) return;
    member.late = false;
    this.#release(member);
    if (!this.#turnedLate.delete(member)) this.#turnedOnTime.add(member);
    this.#heard(member, now);
    this.#appOf(member).returned(member);
    this.#count.update(member);
    // Those for whom it stands in may go now.
    this.#reconsider(member);
    this.#dirty = true;
  }

  #arrive(member: Member): void {
    const before = this.#struckOff.back(member.key);
    if (before === undefined) {
      const { cancel, replaced } = this.#appOf(member).arrived(member);
      if (cancel !== undefined) this.#cancels.delete(cancel.key);
      if (replaced === undefined) return;
      this.#count.update(replaced);
      this.#reconsider(replaced);
      return;
    }
    // It is back: no newcomer, and no longer missing.
    this.#appOf(before).returned(before);
    this.#count.update(before);
  }

  /** Late marks before evictions: one whose TTL is the shorter of the two is both at once. */
  #turn(now: number): void {
    for (const member of this.#lateAt.expire(now)) this.#fallLate(member, now);
    for (const member of this.#matureAt.expire(now)) {
      member.mature = true;
      this.#count.update(member);
    }
    for (const member of this.#struckOff.expire(now)) {
      this.#appOf(member).forget(member);
      this.#count.update(member);
      this.#forgetIfEmpty(member.appid);
    }
    for (const cancel of this.#cancels.expire(now)) {
      this.#appOf(cancel).forgetCancel(cancel);
      this.#forgetIfEmpty(cancel.appid);
    }
  }

  #fallLate(member: Member, now: number): void {
    if (member.late) return;
    member.late = true;
    this.#lateAt.delete(member.key);
    this.#onTimeCount -= 1;
    this.#appOf(member).departed(member, now);
    this.#count.update(member);
    this.#reconsider(member);
    if (!this.#turnedOnTime.delete(member)) this.#turnedLate.add(member);
    this.#dirty = true;
  }

  #heard({ ttlMs }: Member, now: number): void {
    if (ttlMs === 0) return;
    if (this.#onTimeCount === 0) this.#heardSince = now;
    this.#onTimeCount += 1;
  }

  #time(member: Member): void {
    if (member.ttlMs === 0) this.#lateAt.delete(member.key);
    else this.#lateAt.set(member.key, member, lateAfterMs(member), member.lastRenewal);
  }

  /** Whoever is held and depends on it, by the chain of replacements, may be covered now. */
  #reconsider(member: Member): void {
    for (let next: Member | undefined = member; next !== undefined; next = next.standsInFor)
      if (this.#held.has(next)) this.#perhapsCovered.add(next);
  }

  /** Held no longer: it renewed or left. */
  #release(member: Member): void {
    this.#held.delete(member);
    this.#perhapsCovered.delete(member);
    this.#quiet.delete(member.key);
    this.#ceiling.release(member);
  }

  #unlist(member: Member, state: 'struck off' | 'cancelled'): void {
    member.state = state;
    this.#release(member);
    this.#listed.delete(member.key);
    this.#lateAt.delete(member.key);
    this.#matureAt.delete(member.key);
    this.#turnedLate.delete(member);
    this.#turnedOnTime.delete(member);
    this.#appOf(member).listed -= 1;
    if (!member.late && member.ttlMs > 0) this.#onTimeCount -= 1;
    this.#count.update(member);
  }

  #strikeOff(member: Member, now: number, counts: boolean): void {
    member.recent = counts;
    this.#unlist(member, 'struck off');
    this.#struckOff.add(member, now);
    if (!counts) this.#appOf(member).forget(member);
    unchain(member);
    this.#forgetIfEmpty(member.appid);
  }

  #evaluate(now: number): void {
    const before = this.#protected;
    this.#protected = this.#enabled && this.#count.missing > this.#count.threshold;
    if (!before || this.#protected) return;
    this.#quietSince = now;
    for (const member of this.#held) this.#awaitQuiet(member);
    this.#dirty = true;
  }

  /** It may go when its environment has not been protected for two of its own intervals. */
  #awaitQuiet(member: Member): void {
    this.#quiet.set(member.key, member, quietIntervals * member.renewIntervalMs, this.#quietSince);
  }

  #due(now: number): Member[] {
    const covered = [...this.#perhapsCovered].filter(isCovered);
    // What was put on the list before protection began waits for its end.
    const quiet = this.#quiet.expire(now).filter(() => !this.#protected);
    const due = new Set([...covered, ...quiet]);
    if (due.size > 0) return [...due];
    const heardSince = this.#onTimeCount === 0 ? undefined : this.#heardSince;
    const listed = (appid: string): number => this.#apps.get(appid)?.listed ?? 0;
    return this.#ceiling.take({ now, budget: this.#count.threshold, heardSince, listed });
  }

  #appOf({ appid }: { readonly appid: string }): Application {
    const known = this.#apps.get(appid);
    if (known !== undefined) return known;
    const app = new Application();
    this.#apps.set(appid, app);
    return app;
  }

  #forgetIfEmpty(appid: string): void {
    if (this.#apps.get(appid)?.isEmpty) this.#apps.delete(appid);
  }
}
