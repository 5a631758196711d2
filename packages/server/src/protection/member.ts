import type { Timed } from '../leases/timed-lists.ts';
import type { Queued } from './fifo.ts';

/** Names an instance of an environment. */
export interface Ref {
  readonly service: string;
  readonly id: string;
}

/**
 * How often an instance renews and how long it may be silent. Milliseconds; `ttlMs: 0`: it has no lease and is never
 * silent.
 */
export interface Lease {
  readonly ttlMs: number;
  readonly renewIntervalMs: number;
}

/**
 * What the rule knows of one instance, while it is listed and for as long afterwards as it matters. Each instance of
 * the roll has one member, which carries the links of its lists and queues.
 */
export interface Member extends Ref, Timed, Queued {
  /** The instance's last renewal, even if the member waits in no list. */
  since: number;
  readonly registeredAt: number;
  /** The caller's own record of the instance while it is listed. */
  tenant: object | undefined;
  ttlMs: number;
  renewIntervalMs: number;
  state: 'listed' | 'evicted' | 'cancelled';
  /** Whether the instance has been registered for 1.25 of its own intervals, so that it counts in N. */
  mature: boolean;
  late: boolean;
  /** Whether the instance waits for the time at which it begins to count in N. */
  isMaturing: boolean;
  /** Whether the instance was evicted within the last 300 s, but not by an operator. */
  recent: boolean;
  /** The newcomer that stands in for the instance. */
  replacedBy: Member | undefined;
  /** The instance that this newcomer stands in for, as long as a listed instance depends on that. */
  standsInFor: Member | undefined;
  /** The contribution of the instance to the two numbers of the rule. */
  counted: Counted;
}

/** What an instance adds to the two numbers of the rule: `missing` and N (`considered`). */
export interface Counted {
  readonly missing: number;
  readonly considered: number;
}

const nothing: Counted = { missing: 0, considered: 0 };
/**
 * The counts by missing, then by considered. Instances share these objects, so that none keeps an object of its own.
 */
const counts: readonly (readonly Counted[])[] = [
  [nothing, { missing: 0, considered: 1 }],
  [
    { missing: 1, considered: 0 },
    { missing: 1, considered: 1 },
  ],
];
const countedAs = (missing: boolean, considered: boolean): Counted =>
  counts[Number(missing)]?.[Number(considered)] ?? nothing;

/** One string for an instance of the environment. */
export const memberKey = ({ service, id }: Ref): string => `${service}\0${id}`;

/** The instance of a key. */
export function refOf(key: string): Ref {
  const [service = '', id = ''] = key.split('\0');
  return { service, id };
}

/** An instance that registers now. */
export function newMember(ref: Ref, { ttlMs, renewIntervalMs }: Lease, now: number): Member {
  return {
    service: ref.service,
    id: ref.id,
    registeredAt: now,
    tenant: undefined,
    ttlMs,
    renewIntervalMs,
    state: 'listed',
    mature: false,
    late: false,
    recent: false,
    replacedBy: undefined,
    standsInFor: undefined,
    counted: nothing,
    isMaturing: false,
    list: undefined,
    since: now,
    previous: undefined,
    next: undefined,
    queue: undefined,
    queuedBefore: undefined,
    queuedAfter: undefined,
  };
}

/** When an instance is late: without a renewal for 1.25 of its own intervals, or for its TTL if that is shorter. */
export const lateAfterMs = ({ ttlMs, renewIntervalMs }: Lease): number => Math.min(1.25 * renewIntervalMs, ttlMs);

/** When an instance counts in N: after 1.25 of its own intervals. */
export const maturesAfterMs = ({ renewIntervalMs }: Lease): number => 1.25 * renewIntervalMs;

/** Whether the instance is listed, and not late. */
export const isOnTime = ({ state, late }: Member): boolean => state === 'listed' && !late;

/**
 * An instance's contribution to `missing` and N. An instance without a lease is never silent, so it counts in neither.
 * A replaced instance counts in neither.
 */
export function contribution({ state, ttlMs, replacedBy, late, mature, recent }: Member): Counted {
  if (replacedBy !== undefined || state === 'cancelled') return nothing;
  if (state === 'evicted') return countedAs(recent, recent);
  return ttlMs === 0 ? nothing : countedAs(late, mature);
}

/**
 * The newcomer at the end of the chain of replacements, if it is listed and not late, or has deregistered, after which
 * no newcomer need stand in for it.
 */
export function coverOf(member: Member): Member | undefined {
  let end = member.replacedBy;
  while (end?.replacedBy !== undefined && !isOnTime(end)) end = end.replacedBy;
  return end !== undefined && (isOnTime(end) || end.state === 'cancelled') ? end : undefined;
}

/** An instance and how long it has been silent, by the clock of the leases. Milliseconds. */
export interface Silence extends Ref {
  readonly silentMs: number;
}

/**
 * Why an expired instance is evicted. `ttl`: self-protection is off. `replaced`: a newcomer stands in for it. `quiet`:
 * the environment was without protection for two intervals of the instance. `ceiling`: an hour of silence.
 */
export type EvictionCause = 'ttl' | 'replaced' | 'quiet' | 'ceiling';

/** A silent instance on which the rule has decided. It may no longer be listed. */
export interface Judged extends Silence {
  readonly member: Member;
}

/** An instance to be evicted. */
export interface Eviction extends Judged {
  readonly cause: EvictionCause;
  /** The id of the newcomer that stands in for the instance. */
  readonly replacedBy?: string | undefined;
}

/** Names an instance, and says for how long it has been silent. */
export function silenceOf({ service, id, since }: Member, now: number): Silence {
  return { service, id, silentMs: Math.round(now - since) };
}

/** Names an instance, says for how long it has been silent, and has its member. */
export const judgedOf = (member: Member, now: number): Judged => ({ ...silenceOf(member, now), member });
