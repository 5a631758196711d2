/** Pure: the ways in which a client names a point of the roll's history. */
import { parseTime } from '@rollcall/core/adapter';
import { readIsoTime } from './iso-time.ts';

/** A revision of this or another epoch, or a time by the wall clock in milliseconds. */
export type Since =
  | { readonly type: 'revision'; readonly revision: number; readonly epoch: string | undefined }
  | { readonly type: 'time'; readonly at: number };

/** An epoch has sixteen hexadecimal digits, so that a mistyped time such as `25:00` is not read as a cursor. */
const cursor = /^(?:([0-9a-f]{16}):)?(\d{1,16})$/;
/** The last time that a JavaScript date can hold. Milliseconds. */
const lastDate = 8.64e15;
const milliseconds = /^\d{11,16}$/;

/** `10m` (ago), or an ISO time. Undefined for other text. */
function parseMoment(text: string, wallNow: number): number | undefined {
  const ago = parseTime(text);
  return ago === undefined ? readIsoTime(text) : wallNow - ago;
}

/** A time: like {@link parseSince} without revisions; also milliseconds since the epoch. */
export function parseAt(text: string, wallNow: number): number | undefined {
  const at = milliseconds.test(text) ? Number(text) : parseMoment(text, wallNow);
  return at === undefined || Math.abs(at) > lastDate ? undefined : at;
}

/** A cursor (`<epoch>:<revision>`), a revision, an ISO time, or how long ago (`10m`). Undefined for other text. */
export function parseSince(text: string, wallNow: number): Since | undefined {
  const [, epoch, revision] = cursor.exec(text) ?? [];
  if (revision !== undefined) return { type: 'revision', revision: Number(revision), epoch };
  const at = parseMoment(text, wallNow);
  return at === undefined ? undefined : { type: 'time', at };
}
