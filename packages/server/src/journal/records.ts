/**
 * Pure: the kept parts of the roll <-> the text in the store. The first line of a text is a JSON array. It is short,
 * because the store writes every byte several times. The second line is the content of the instance, unchanged. Times
 * of self-protection are on an axis that continues over restarts.
 */
import type { RememberedMember } from '../protection/index.ts';
import type { Change, Moment } from '../roll/followers.ts';
import type { KeptListing } from '../roll/holders.ts';
import type { Instance } from '../roll/instance.ts';
import type { InstanceRef } from '../roll/instance-ref.ts';
import type { Kept, KeptState } from '../roll/keeping.ts';
import { readChange1, readKept1 } from './records-1.ts';

/** The key of an entry. `/` occurs in no env, service or id. */
export const entryKey = ({ env, service, id }: InstanceRef): string => `${env}/${service}/${id}`;

/** The env of a key. */
export const envOf = (key: string): string => key.slice(0, key.indexOf('/'));

function refOf(key: string): InstanceRef {
  const [env = '', service = '', id = ''] = key.split('/');
  return { env, service, id };
}

/** The text of an entry; `null`: no part of it is kept. `axis`: the offset that is added to lease-clock times. */
export function writeKept({ listing, member }: Kept, axis: number): string | null {
  if (listing === undefined && member === undefined) return null;
  const row: EntryRow = [
    listing === undefined ? null : [listing.handle, listing.superseded, rowOf(listing.instance)],
    member === undefined ? null : memberRow(member, axis),
  ];
  return withContent(row, listing?.instance);
}

/** Reads what {@link writeKept} writes, and what earlier versions wrote. */
export function readKept(key: string, text: string, axis: number): Kept {
  if (isFormat1(text)) return readKept1(text, axis);
  const ref = refOf(key);
  const [[listing, member], content] = parted<EntryRow>(text);
  return {
    listing: listing === null ? undefined : listingOf(ref, listing, content),
    member: member === null ? undefined : memberOf(ref, member, axis),
  };
}

/** The text of the roll's own state. */
export const writeState = (state: KeptState, axis: number): string =>
  JSON.stringify({ ...state, leaseNow: state.leaseNow + axis });

/** Reads what {@link writeState} writes; its lease clock stays on the axis. */
export const readState = (text: string): KeptState => JSON.parse(text) as KeptState;

/** The text of a change. */
export function writeChange(change: Change): string {
  const { revision, at, evidence } = change;
  const what = change.type === 'remove' ? change.reason : rowOf(change.instance);
  const row: ChangeRow = [revision, at, entryKey(change.instance), evidence, what];
  return withContent(row, change.type === 'put' ? change.instance : undefined);
}

/** Reads what {@link writeChange} writes, and what earlier versions wrote. */
export function readChange(text: string): Change {
  if (isFormat1(text)) return readChange1(text);
  const [[revision, at, key, evidence, reasonOrRow], content] = parted<ChangeRow>(text);
  const moment: Moment = { revision, at };
  const instance = refOf(key);
  return typeof reasonOrRow === 'string'
    ? ({ ...moment, type: 'remove', instance, reason: reasonOrRow, evidence } as Change)
    : ({ ...moment, type: 'put', instance: instanceOf(instance, reasonOrRow, content), evidence } as Change);
}

type EntryRow = readonly [
  listing: readonly [handle: number, superseded: readonly number[], instance: InstanceRow] | null,
  member: MemberRow | null,
];

type ChangeRow = readonly [
  revision: number,
  at: number,
  key: string,
  evidence: Change['evidence'],
  reasonOrInstance: (Change & { type: 'remove' })['reason'] | InstanceRow,
];

/** The last four are milliseconds after `registeredAt`: most of them are 0, so the text is short. */
type InstanceRow = readonly [
  status: Instance['status'],
  late: 0 | 1,
  isUsable: 0 | 1,
  bytes: number,
  version: string,
  ttlMs: number,
  renewIntervalMs: number,
  registeredAt: number,
  dirtyAt: number,
  upAt: number,
  renewedAt: number,
  changedAt: number,
];

function rowOf(instance: Instance): InstanceRow {
  const { registeredAt: from } = instance;
  return [
    instance.status,
    instance.late ? 1 : 0,
    instance.isUsable ? 1 : 0,
    instance.bytes,
    instance.version,
    instance.ttlMs,
    instance.renewIntervalMs,
    from,
    instance.dirtyAt - from,
    instance.upAt - from,
    instance.renewedAt - from,
    instance.changedAt - from,
  ];
}

function instanceOf({ env, service, id }: InstanceRef, row: InstanceRow, content: string): Instance {
  const [status, late, isUsable, bytes, version, ttlMs, renewIntervalMs, from, dirtyAt, upAt, renewedAt, changedAt] =
    row;
  // The fields are in the order of `newInstance`, so that V8 gives all instances one shape.
  return {
    env,
    service,
    id,
    content,
    bytes,
    version,
    isUsable: isUsable === 1,
    ttlMs,
    renewIntervalMs,
    status,
    dirtyAt: from + dirtyAt,
    registeredAt: from,
    upAt: from + upAt,
    renewedAt: from + renewedAt,
    changedAt: from + changedAt,
    late: late === 1,
  };
}

const listingOf = (
  ref: InstanceRef,
  [handle, superseded, row]: NonNullable<EntryRow[0]>,
  content: string,
): KeptListing => ({ instance: instanceOf(ref, row, content), handle, superseded });

type UsualMemberRow = readonly [
  state: RememberedMember['state'],
  registeredAt: number,
  lastRenewal: number,
  ttlMs: number,
  renewIntervalMs: number,
  late: 0 | 1,
  isUnused: 0 | 1,
  recent: 0 | 1,
];

/** The last three are left out when all of them are absent, as for most instances. */
type MemberRow =
  | UsualMemberRow
  | readonly [...UsualMemberRow, evictedAt: number | null, replacedBy: string | null, cancelledAt: number | null];

function memberRow(member: RememberedMember, axis: number): MemberRow {
  const { evictedAt, replacedBy, cancelledAt } = member;
  const usual: UsualMemberRow = [
    member.state,
    member.registeredAt + axis,
    member.lastRenewal + axis,
    member.ttlMs,
    member.renewIntervalMs,
    member.late ? 1 : 0,
    member.isUnused ? 1 : 0,
    member.recent ? 1 : 0,
  ];
  if (evictedAt === undefined && replacedBy === undefined && cancelledAt === undefined) return usual;
  return [...usual, shifted(evictedAt, axis), replacedBy ?? null, shifted(cancelledAt, axis)];
}

function memberOf({ service, id }: InstanceRef, row: MemberRow, axis: number): RememberedMember {
  const [state, registeredAt, lastRenewal, ttlMs, renewIntervalMs, late, isUnused, recent] = row;
  const [, , , , , , , , evictedAt = null, replacedBy = null, cancelledAt = null] = row;
  return {
    service,
    id,
    state,
    registeredAt: registeredAt - axis,
    lastRenewal: lastRenewal - axis,
    ttlMs,
    renewIntervalMs,
    late: late === 1,
    isUnused: isUnused === 1,
    recent: recent === 1,
    evictedAt: evictedAt === null ? undefined : evictedAt - axis,
    replacedBy: replacedBy ?? undefined,
    cancelledAt: cancelledAt === null ? undefined : cancelledAt - axis,
  };
}

const shifted = (at: number | undefined, axis: number): number | null => (at === undefined ? null : at + axis);

/** The row and the content are a line each: `JSON.stringify` writes no line breaks. */
const withContent = (row: EntryRow | ChangeRow, instance: Instance | undefined): string =>
  instance === undefined ? JSON.stringify(row) : `${JSON.stringify(row)}\n${instance.content}`;

function parted<T>(text: string): readonly [row: T, content: string] {
  const end = text.indexOf('\n');
  if (end === -1) return [JSON.parse(text) as T, ''];
  return [JSON.parse(text.slice(0, end)) as T, ownText(text.slice(end + 1))];
}

/** Copies a part of a text. V8 would keep the whole text in memory for a slice. */
const ownText = (part: string): string => Buffer.from(part).toString();

/** Texts of format 1 are objects. */
const isFormat1 = (text: string): boolean => text.startsWith('{');
