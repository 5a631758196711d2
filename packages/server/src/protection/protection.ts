import { unchain } from './application.ts';
import { Applications } from './applications.ts';
import { rememberedDepartures, rememberedPerListed } from './constants.ts';
import { Count } from './count.ts';
import { Evicted } from './evicted.ts';
import { type Due, Expired, evictionOf } from './expired.ts';
import { Lateness } from './lateness.ts';
import { type Judged, judgedOf, type Lease, type Member, memberKey, newMember, type Ref, refOf } from './member.ts';
import { type RememberedMember, remember, restoreMembers } from './remembered.ts';
import { takeAll } from './take-all.ts';
import {
  detailsOf,
  type ProtectionDetails,
  type ProtectionOptions,
  type ProtectionView,
  type Verdict,
} from './view.ts';

const nothingDue: Verdict = { late: [], onTime: [], evict: [] };

/**
 * Self-protection of one environment. When more than 15 % of its instances (and more than one) are silent, or were
 * evicted in the last five minutes, with no newcomer in their place, the registry blames the network and evicts none.
 * Pure in `now`, milliseconds that never go back. Each event costs O(1) and the chain of replacements that it touches;
 * the end of protection touches all expired instances once.
 */
export class Protection {
  /** False: every expired instance is evicted at once. */
  readonly enabled: boolean;
  /** Instances whose remembered state changed since the last call; undefined: no journal asks for it. */
  readonly #touched: Set<Ref> | undefined;
  readonly #applications = new Applications((ref) => void this.#touched?.add(ref));
  readonly #lateness = new Lateness();
  readonly #expired: Expired;
  readonly #evicted = new Evicted();
  readonly #count = new Count();
  #protected = false;
  #onSince: number | undefined;
  /** Whether an event happened since time was last moved. */
  #dirty = false;

  constructor({ enabled, random = Math.random, isKept = false }: ProtectionOptions) {
    this.enabled = enabled;
    this.#touched = isKept ? new Set() : undefined;
    this.#expired = new Expired(random);
  }

  /** The listed instances, by service. */
  get listed(): Pick<Applications, 'services' | 'members'> {
    return this.#applications;
  }

  /** The number of remembered evicted ids. */
  get remembered(): number {
    return this.#evicted.size;
  }

  /** The remembered instances that were evicted or cancelled. */
  get departed(): readonly Ref[] {
    return [...[...this.#evicted.keys].map(refOf), ...this.#applications.cancelled];
  }

  /** The instances whose remembered state changed since the last call. */
  takeTouched(): readonly Ref[] {
    return takeAll(this.#touched);
  }

  /** What the journal must store of an instance; undefined: nothing. */
  remember(ref: Ref): RememberedMember | undefined {
    return remember({ applications: this.#applications, evicted: this.#evicted }, ref);
  }

  /** Begins with the state of an earlier start. `onSince`: the lease-clock time at which protection went on. */
  restore(remembered: readonly RememberedMember[], now: number, onSince?: number): void {
    const parts = { applications: this.#applications, lateness: this.#lateness };
    restoreMembers({ ...parts, evicted: this.#evicted, count: this.#count }, remembered, now);
    this.#onSince = onSince;
    this.#evaluate(now);
    takeAll(this.#touched);
    this.#dirty = true;
  }

  /** Registers a new id, or one that is listed already: that is a renewal, possibly under another lease. `ttlMs: 0`: never late. */
  registered(service: string, id: string, lease: Lease, now: number): Member {
    const known = this.member(service, id);
    if (known !== undefined) {
      this.#renew(known, lease, now);
      return known;
    }
    const member = newMember({ service: this.#applications.of({ service }).service, id }, lease, now);
    this.#applications.enlist(member);
    this.#arrive(member);
    this.#lateness.heard(member, lease, now);
    this.#dirty = true;
    return member;
  }

  /** The member of a listed instance. A renewal that has the member needs no look-up. */
  member(service: string, id: string): Member | undefined {
    return this.#applications.member(service, id);
  }

  /** Renews on the present terms. Returns false for an instance on time, of which only the deadline changes. */
  renewed(member: Member, now: number): boolean {
    if (this.#lateness.renewed(member, now)) return false;
    this.#renew(member, member, now);
    return true;
  }

  /** Takes the clean cancel of an instance. */
  cancelled(service: string, id: string, now: number): void {
    const member = this.member(service, id);
    if (member === undefined) return;
    this.#unlist(member, 'cancelled');
    this.#applications.cancel(member, now);
    this.#expired.reconsider(member);
    unchain(member);
    this.#applications.forgetIfEmpty(member);
    this.#dirty = true;
  }

  /** The lease of an instance ran out. It stays listed until {@link Protection.advance} evicts it. */
  expired(service: string, id: string, now: number): void {
    const member = this.member(service, id);
    if (member === undefined) return;
    this.#fallLate(member, now);
    this.#expired.add(member, now, this.#protected);
    this.#dirty = true;
  }

  /** Moves time. Returns the instances whose late mark changed since the last call, and the instances to evict now. */
  advance(now: number): Verdict {
    if (!this.#dirty && now < (this.nextDeadline() ?? Number.POSITIVE_INFINITY)) return nothingDue;
    this.#passTime(now);
    this.#evaluate(now);
    const due = this.#due(now);
    const { late, onTime } = this.#lateness.takeFlips();
    // Late marks come before the evictions, which undo the chains of replacements.
    const evict = due.map((each) => evictionOf(each, now));
    for (const { member } of due) this.#evict(member, now, true);
    this.#evaluate(now);
    this.#dirty = false;
    return { late: late.map((member) => judgedOf(member, now)), onTime, evict };
  }

  /** When {@link Protection.advance} must be called next; undefined: nothing is due. */
  nextDeadline(): number | undefined {
    if (this.#dirty) return Number.NEGATIVE_INFINITY;
    const changes = Math.min(this.#lateness.nextDeadline, this.#applications.nextDeadline);
    const first = Math.min(changes, this.#expired.nextDeadline, this.#evicted.nextDeadline);
    return first === Number.POSITIVE_INFINITY ? undefined : first;
  }

  /** Evicts every expired instance. Afterwards these count neither as missing nor in N. */
  end(now: number): readonly Judged[] {
    const ended = this.#expired.members;
    for (const member of ended) this.#evict(member, now, false);
    this.#dirty = true;
    this.#evaluate(now);
    return ended.map((member) => judgedOf(member, now));
  }

  /** Whether the environment was protected, or an expired instance was held, at the last event. */
  get isOn(): boolean {
    return this.enabled && (this.#protected || this.#expired.size > 0);
  }

  /** The lease-clock time since which self-protection is on; undefined: it is off. */
  get onSince(): number | undefined {
    return this.#onSince;
  }

  view(now: number): ProtectionView {
    this.#evaluate(now);
    // Object spread costs four times as much here, at each change of an environment.
    return {
      missing: this.#count.missing,
      considered: this.#count.considered,
      threshold: this.#count.threshold,
      held: this.enabled ? this.#expired.size : 0,
      on: this.isOn,
      onSince: this.#onSince,
      heard: this.#lateness.heardSince !== undefined,
      forgetsAt: Number.isFinite(this.#evicted.forgetsAt) ? this.#evicted.forgetsAt : undefined,
    };
  }

  /** The applications, and the expired instances that are still listed. Costs a look at every instance. */
  details(now: number): ProtectionDetails {
    const held = this.enabled ? this.#expired.members : [];
    const mayGoAt = (member: Member): number => this.#expired.mayGoAt(member, this.#protected);
    return detailsOf([...this.#applications.members(), ...this.#evicted.recent()], held, mayGoAt, now);
  }

  #renew(member: Member, lease: Lease, now: number): void {
    const wasLate = this.#lateness.heard(member, lease, now);
    this.#count.update(member);
    if (!wasLate) return;
    this.#expired.delete(member);
    this.#applications.of(member).returned(member);
    this.#count.update(member);
    // Those that the returned instance had replaced are not judged again: the network is healing, and they may return.
    this.#dirty = true;
  }

  #arrive(member: Member): void {
    const { wasEvicted, before } = this.#evicted.back(memberKey(member));
    if (before !== undefined) {
      // The id is back, so the instance is not a newcomer, and no longer counts as missing.
      this.#applications.of(before).returned(before);
      this.#count.update(before);
    }
    if (wasEvicted) return;
    const replaced = this.#applications.arrived(member);
    if (replaced === undefined) return;
    this.#count.update(replaced);
    this.#expired.reconsider(replaced);
  }

  /** Late marks come before evictions: an instance whose TTL is shorter than 1.25 intervals gets both at once. */
  #passTime(now: number): void {
    for (const member of this.#lateness.dueLate(now)) this.#fallLate(member, now);
    for (const member of this.#lateness.dueMature(now)) {
      member.mature = true;
      this.#count.update(member);
    }
    const atMost = rememberedDepartures + rememberedPerListed * this.#applications.size;
    for (const member of this.#evicted.expire(now, atMost, (key) => void this.#touched?.add(refOf(key)))) {
      this.#applications.of(member).forget(member);
      this.#touched?.add(member);
      this.#count.update(member);
      this.#applications.forgetIfEmpty(member);
    }
    this.#applications.expire(now);
  }

  #fallLate(member: Member, now: number): void {
    if (member.late) return;
    this.#lateness.fellLate(member);
    this.#applications.of(member).departed(member, now);
    this.#count.update(member);
    this.#expired.reconsider(member);
    this.#dirty = true;
  }

  #unlist(member: Member, state: 'evicted' | 'cancelled'): void {
    member.state = state;
    this.#expired.delete(member);
    this.#lateness.left(member);
    this.#applications.unlist(member);
    this.#count.update(member);
  }

  #evict(member: Member, now: number, counts: boolean): void {
    member.recent = counts;
    this.#unlist(member, 'evicted');
    this.#evicted.add(member, now);
    this.#touched?.add(member);
    if (!counts) this.#applications.of(member).forget(member);
    unchain(member);
    this.#applications.forgetIfEmpty(member);
  }

  #evaluate(now: number): void {
    const before = this.#protected;
    this.#protected = this.enabled && this.#count.missing > this.#count.threshold;
    if (before && !this.#protected) {
      this.#expired.protectionEnded(now);
      this.#dirty = true;
    }
    this.#onSince = this.isOn ? (this.#onSince ?? now) : undefined;
  }

  #due(now: number): readonly Due[] {
    if (!this.enabled) return this.#expired.members.map((member) => ({ member, cause: 'ttl' }));
    const { heardSince } = this.#lateness;
    const listed = (service: string): number => this.#applications.listed(service);
    return this.#expired.take(this.#protected, { now, budget: this.#count.threshold, heardSince, listed });
  }
}
