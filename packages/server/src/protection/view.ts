import { type Eviction, type Judged, type Member, type Silence, silenceOf } from './member.ts';

/** Options of {@link Protection}. */
export interface ProtectionOptions {
  /** False: every expired instance is evicted at once. */
  readonly enabled: boolean;
  /** Random numbers in [0, 1); default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** True: a journal writes down what self-protection remembers, so self-protection notes each change of that. */
  readonly isKept?: boolean | undefined;
}

/** The result of {@link Protection.advance}. */
export interface Verdict {
  readonly late: readonly Judged[];
  readonly onTime: readonly Member[];
  readonly evict: readonly Eviction[];
}

/** The present numbers of the rule. Times are of the lease clock. */
export interface ProtectionView {
  readonly missing: number;
  /** N of the rule. */
  readonly considered: number;
  /** The environment is protected while `missing` is above this number. */
  readonly threshold: number;
  /** Expired instances that are still listed. */
  readonly held: number;
  /** Whether the environment is protected, or an expired instance is held. */
  readonly on: boolean;
  /** The time since which self-protection is on; undefined: it is off. */
  readonly onSince: number | undefined;
  /** Whether any instance renews. While none does, the ceiling of silence waits. */
  readonly heard: boolean;
  /** When the first recently evicted instance stops counting as missing; undefined: none was evicted. */
  readonly forgetsAt: number | undefined;
}

/** The share of one application in the numbers of the rule. */
export interface ApplicationView {
  readonly service: string;
  /** Instances listed now. */
  readonly instances: number;
  readonly late: number;
  readonly missing: number;
  readonly considered: number;
  readonly held: number;
}

/** An expired instance that is still listed. */
export interface HeldView extends Silence {
  /** When the instance may be evicted if nothing changes until then; by the lease clock. */
  readonly mayGoAt: number;
}

/** What the numbers are made of. */
export interface ProtectionDetails {
  readonly applications: readonly ApplicationView[];
  readonly held: readonly HeldView[];
}

/** The members that are listed or were evicted lately, and the expired ones among them. */
export function detailsOf(
  members: readonly Member[],
  held: readonly Member[],
  mayGoAt: (member: Member) => number,
  now: number,
): ProtectionDetails {
  return {
    applications: byApplication(members, new Set(held)),
    held: held.map((member) => ({ ...silenceOf(member, now), mayGoAt: mayGoAt(member) })),
  };
}

/** Adds up the contributions of members, by application. */
function byApplication(members: readonly Member[], held: ReadonlySet<Member>): readonly ApplicationView[] {
  const views = new Map<string, { -readonly [K in keyof ApplicationView]: ApplicationView[K] }>();
  for (const member of members) {
    const { service, state, late, counted } = member;
    const view = views.get(service) ?? { service, instances: 0, late: 0, missing: 0, considered: 0, held: 0 };
    views.set(service, view);
    if (state === 'listed') view.instances += 1;
    if (state === 'listed' && late) view.late += 1;
    if (held.has(member)) view.held += 1;
    view.missing += counted.missing;
    view.considered += counted.considered;
  }
  return [...views.values()];
}
