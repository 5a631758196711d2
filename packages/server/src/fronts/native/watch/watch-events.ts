/** Server-sent events of `GET /api/watch`. */
import type { WatchEventName } from '@rollcall/protocol';
import type { View } from '../../../access/caller.ts';
import type { Change } from '../../../roll/followers.ts';
import { writeChange } from '../native-mapping.ts';
import { SharedBytes } from './shared-bytes.ts';

const head = (event: WatchEventName, id: string): string => `event: ${event}\nid: ${id}\ndata: `;

/** A whole event. */
export const eventOf = (event: WatchEventName, id: string, data: object): Buffer =>
  eventWith(event, id, JSON.stringify(data));

const eventWith = (event: WatchEventName, id: string, json: string): Buffer =>
  Buffer.from(`${head(event, id)}${json}\n\n`);

/** The event of a snapshot, whose instances come in chunks. */
export function* snapshotEvent(id: string, chunks: Iterable<Buffer>, warming: boolean): Generator<Buffer, undefined> {
  yield Buffer.from(`${head('snapshot', id)}{"instances":[`);
  yield* chunks;
  yield Buffer.from(`]${warming ? ',"warming":true' : ''}}\n\n`);
}

/** The cursor of a watch: `<epoch>:<revision>`, and the tag of its view where it sees only a part. */
export const cursorText = (epoch: string, revision: number, { tag }: View): string =>
  tag === '' ? `${epoch}:${revision}` : `${epoch}:${revision}:${tag}`;

/** The event of a change. */
export const eventOfChange = (epoch: string, change: Change, view: View): Buffer =>
  eventWith(change.type, cursorText(epoch, change.revision, view), writeChange(change));

/** A comment, which shows that the server is alive. */
export const heartbeat: SharedBytes = new SharedBytes([Buffer.from(':\n\n')]);
