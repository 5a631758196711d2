/** What self-protection knows of each instance, in a form that can be written down and restored. */
import { pair } from './application.ts';
import type { Applications } from './applications.ts';
import type { Count } from './count.ts';
import type { Evicted } from './evicted.ts';
import type { Lateness } from './lateness.ts';
import { type Member, maturesAfterMs, memberKey, newMember, type Ref } from './member.ts';

/** An instance that is listed, or was evicted within the last hour. Times are of the lease clock, in milliseconds. */
export interface RememberedMember extends Ref {
  /** `cancelled`: only its cancel is remembered. */
  readonly state: 'listed' | 'evicted' | 'cancelled';
  /** First registration, on the lease clock. */
  readonly registeredAt: number;
  /** Last renewal, on the lease clock. */
  readonly lastRenewal: number;
  /** The TTL of the instance. */
  readonly ttlMs: number;
  /** The renew interval of the instance. */
  readonly renewIntervalMs: number;
  /** Whether the instance was late when it was written down. */
  readonly late: boolean;
  /** Whether the instance is a newcomer that stands in for no other instance yet. */
  readonly isUnused: boolean;
  /** The state of an evicted instance. */
  readonly evictedAt?: number | undefined;
  /** Whether the instance was evicted, and counts as missing until 300 s after that. */
  readonly recent: boolean;
  /** The id of the newcomer that stands in for the instance. */
  readonly replacedBy?: string | undefined;
  /** The time since which the clean cancel of the instance waits for a newcomer. */
  readonly cancelledAt?: number | undefined;
}

/** The parts of one environment's self-protection that {@link restoreMembers} fills. */
export interface Parts {
  readonly applications: Applications;
  readonly lateness: Lateness;
  readonly evicted: Evicted;
  readonly count: Count;
}

/** What the journal must store of an instance; undefined: nothing. */
export function remember(
  { applications, evicted }: Pick<Parts, 'applications' | 'evicted'>,
  ref: Ref,
): RememberedMember | undefined {
  const { service, id } = ref;
  const key = memberKey(ref);
  const departure = evicted.find(key);
  const member = applications.member(service, id) ?? departure?.member;
  const cancelledAt = applications.cancelledAt(ref);
  const cancel = cancelledAt === undefined ? {} : { cancelledAt };
  if (member === undefined) {
    if (departure !== undefined) return { ...gone(ref, 'evicted'), evictedAt: departure.evictedAt, ...cancel };
    return cancelledAt === undefined ? undefined : { ...gone(ref, 'cancelled'), cancelledAt };
  }
  const { registeredAt, since: lastRenewal, ttlMs, renewIntervalMs, late, recent, replacedBy } = member;
  return {
    service,
    id,
    state: departure === undefined ? 'listed' : 'evicted',
    registeredAt,
    lastRenewal,
    ttlMs,
    renewIntervalMs,
    late,
    recent,
    isUnused: applications.of(member).isUnused(member),
    evictedAt: departure?.evictedAt,
    replacedBy: replacedBy?.id,
    cancelledAt,
  };
}

/**
 * Two facts about a departed id matter: an evicted id that returns is not a newcomer, and a cancelled id uses up the
 * next newcomer.
 */
const gone = ({ service, id }: Ref, state: 'evicted' | 'cancelled'): RememberedMember => ({
  ...{ service, id, state, registeredAt: 0, lastRenewal: 0, ttlMs: 0, renewIntervalMs: 0 },
  ...{ late: false, isUnused: false, recent: false },
});

/** Begins with the stored state. Instances that were not late count as renewed now; late ones stay late until they renew. */
export function restoreMembers(parts: Parts, remembered: readonly RememberedMember[], now: number): void {
  const { applications, count } = parts;
  const all = inOrder(remembered, ({ registeredAt }) => registeredAt)
    .filter(({ state }) => state !== 'cancelled')
    .map((record) => ({ record, member: memberOf(record, applications) }));
  const members = new Map(all.map(({ member }) => [memberKey(member), member]));
  for (const { record, member } of all) {
    if (record.state === 'listed') restoreListed(parts, member, now);
    applications.of(member).restore(member, record.isUnused);
  }
  for (const { record, member } of all) if (record.replacedBy !== undefined) pair(member, replacing(members, record));
  restoreEvicted(parts, all);
  for (const { member } of inOrder(all, ({ record }) => record.lastRenewal)) {
    const waits = member.replacedBy === undefined && (member.state === 'listed' ? member.late : member.recent);
    if (waits) applications.of(member).restoreDeparted(member);
    count.update(member);
    applications.forgetIfEmpty(member);
  }
  for (const record of inOrder(remembered, ({ cancelledAt = 0 }) => cancelledAt))
    if (record.cancelledAt !== undefined) applications.restoreCancel(record, record.cancelledAt);
}

const inOrder = <T>(items: readonly T[], by: (item: T) => number): T[] => [...items].sort((a, b) => by(a) - by(b));

function memberOf(record: RememberedMember, applications: Applications): Member {
  const ref = { service: applications.of(record).service, id: record.id };
  const member = newMember(ref, record, record.registeredAt);
  member.since = record.lastRenewal;
  member.state = record.state;
  member.late = record.late;
  member.recent = record.recent;
  return member;
}

function restoreListed({ applications, lateness }: Parts, member: Member, now: number): void {
  applications.enlist(member);
  member.mature = member.registeredAt + maturesAfterMs(member) <= now;
  lateness.restore(member, now);
}

/** When the newcomer is not remembered, it has deregistered or was evicted long ago; both have the same effect. */
function replacing(
  members: ReadonlyMap<string, Member>,
  { service, replacedBy = '', ...lease }: RememberedMember,
): Member {
  const known = members.get(memberKey({ service, id: replacedBy }));
  if (known !== undefined) return known;
  const gone = newMember({ service, id: replacedBy }, lease, lease.registeredAt);
  gone.state = 'cancelled';
  return gone;
}

function restoreEvicted({ evicted }: Parts, all: readonly { record: RememberedMember; member: Member }[]): void {
  for (const { record, member } of inOrder(all, ({ record: { evictedAt = 0 } }) => evictedAt))
    if (record.evictedAt !== undefined) evicted.add(member, record.evictedAt);
}
