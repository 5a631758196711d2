/**
 * Pure: the kept parts of the roll <-> the text in the store. Times of self-protection are on an axis that continues
 * over restarts.
 */
import type { RememberedMember } from '../protection/index.ts';
import type { Change } from '../roll/followers.ts';
import type { KeptListing } from '../roll/holders.ts';
import type { InstanceRef } from '../roll/instance-ref.ts';
import type { Kept, KeptState } from '../roll/keeping.ts';

/** `/` occurs in none of the three. */
export const entryKey = ({ env, service, id }: InstanceRef): string => `${env}/${service}/${id}`;

/** The env of a key. */
export const envOf = (key: string): string => key.slice(0, key.indexOf('/'));

/** The text of an entry; `null`: nothing of the instance is kept. `axis` is the offset that is added to lease-clock times. */
export function writeKept({ listing, member }: Kept, axis: number): string | null {
  if (listing === undefined && member === undefined) return null;
  return JSON.stringify({ listing, member: member && shifted(member, axis) });
}

/** Reads what {@link writeKept} writes. */
export function readKept(text: string, axis: number): Kept {
  const { listing, member } = JSON.parse(text) as { listing?: KeptListing; member?: RememberedMember };
  return { listing, member: member && shifted(member, -axis) };
}

function shifted(member: RememberedMember, ms: number): RememberedMember {
  const { registeredAt, lastRenewal, evictedAt, cancelledAt } = member;
  return {
    ...member,
    registeredAt: registeredAt + ms,
    lastRenewal: lastRenewal + ms,
    ...(evictedAt === undefined ? {} : { evictedAt: evictedAt + ms }),
    ...(cancelledAt === undefined ? {} : { cancelledAt: cancelledAt + ms }),
  };
}

/** The text of the roll's own state. */
export const writeState = (state: KeptState, axis: number): string =>
  JSON.stringify({ ...state, leaseNow: state.leaseNow + axis });

/** Reads what {@link writeState} writes; its lease clock stays on the axis. */
export const readState = (text: string): KeptState => JSON.parse(text) as KeptState;

/** The text of a change. */
export const writeChange = (change: Change): string => JSON.stringify(change);

/** Reads what {@link writeChange} writes. */
export const readChange = (text: string): Change => JSON.parse(text) as Change;
