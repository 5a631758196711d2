/** Which instance of an environment. */
export interface Ref {
  readonly appid: string;
  readonly id: string;
}

/** What the rule knows of one instance, while it is listed and for as long after as it matters. */
export interface Member extends Ref {
  readonly registeredAt: number;
  lastRenewal: number;
  ttlMs: number;
  renewIntervalMs: number;
  /** Registered for 1.25 of its own intervals: counts in N. */
  mature: boolean;
  late: boolean;
  /** Its lease has run out and it is still listed. */
  expired: boolean;
  /** When it was struck off; undefined while it is listed. */
  evictedAt: number | undefined;
  /** The newcomer that stands in for it. */
  replacedBy: Member | undefined;
  /** When an hour of silence ends even under protection. */
  ceilingAt: number;
  /** Struck off within the last 300 s, and not by hand. */
  recent: boolean;
  /** What it adds to the two numbers of the rule. */
  counted: { readonly missing: number; readonly considered: number };
}

/** One string for an instance of the environment. NUL occurs in neither. */
export const memberKey = ({ appid, id }: Ref): string => `${appid}\0${id}`;

/** No renewal for 1.25 of its own intervals, or for its TTL if that is shorter. */
export const lateAfterMs = ({ ttlMs, renewIntervalMs }: Pick<Member, 'ttlMs' | 'renewIntervalMs'>): number =>
  Math.min(1.25 * renewIntervalMs, ttlMs);

/** What an instance adds to `missing` and N. One without a lease is never silent, so it counts in neither. */
export function contribution(member: Member): Member['counted'] {
  const replaced = member.replacedBy !== undefined;
  if (member.evictedAt !== undefined) {
    const counts = member.recent && !replaced ? 1 : 0;
    return { missing: counts, considered: counts };
  }
  if (member.ttlMs === 0 || replaced) return { missing: 0, considered: 0 };
  return { missing: member.late ? 1 : 0, considered: member.mature ? 1 : 0 };
}

/** Silent or struck off, and not replaced: what the rule counts. */
export const isMissing = (member: Member): boolean =>
  (member.late || member.evictedAt !== undefined) && member.replacedBy === undefined;

/** Whether the newcomer at the end of the chain of replacements is there and not late. */
export function isCovered(member: Member): boolean {
  let end = member.replacedBy;
  while (end?.replacedBy !== undefined && (end.late || end.evictedAt !== undefined)) end = end.replacedBy;
  return end !== undefined && !end.late && end.evictedAt === undefined;
}
