import type { ServerResponse } from 'node:http';
import type { Clock } from '@rollcall/core';
import { type CurrentEvent, heartbeatMs, type SnapshotEvent } from '@rollcall/protocol';
import type { ChangeLog } from '../../changes/change-log.ts';
import type { Change, RollFollower } from '../../roll/followers.ts';
import type { Roll } from '../../roll/roll.ts';
import { maxWatchBacklogBytes } from '../../server-options.ts';
import { writeChange, writeInstance } from './native-mapping.ts';

/** What a watch wants to hear of. */
export interface WatchFilter {
  readonly env: string;
  readonly service: string | undefined;
}

/** What the watches need of their server. */
export interface WatchContext {
  readonly roll: Roll;
  readonly log: ChangeLog;
  readonly clock: Clock;
  readonly isWarming: () => boolean;
}

/** Every open watch. One heartbeat for all; a consumer that is too slow is cut, and resumes. */
export class WatchHub implements RollFollower {
  readonly #context: WatchContext;
  readonly #watches = new Map<ServerResponse, WatchFilter>();
  #cancelHeartbeat: (() => void) | undefined;

  constructor(context: WatchContext) {
    this.#context = context;
  }

  /** Answers with the stream: what was missed since `lastEventId`, or else the whole list, then changes. */
  watch(response: ServerResponse, filter: WatchFilter, lastEventId: string | undefined): void {
    const { roll, log } = this.#context;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    roll.settle();
    const missed = missedSince(roll, log, lastEventId);
    if (missed === undefined) this.#snapshot(response, filter);
    else this.#resume(response, filter, missed);
    this.#watches.set(response, filter);
    response.once('close', () => this.#watches.delete(response));
    response.once('error', () => response.destroy());
    this.#cancelHeartbeat ??= this.#beat();
  }

  changed(change: Change): void {
    for (const [response, filter] of this.#watches) this.#tell(response, filter, change);
  }

  /** A watcher may lack a change: each begins anew. */
  failed(): void {
    for (const response of this.#watches.keys()) response.destroy();
  }

  /** Warming is over: what is not there now is gone. */
  warmed(): void {
    for (const response of this.#watches.keys()) this.#send(response, 'warmed', {});
  }

  /** Ends every watch; clients reconnect elsewhere. */
  close(): void {
    this.#cancelHeartbeat?.();
    for (const response of [...this.#watches.keys()]) {
      this.#watches.delete(response);
      // Not `end`: a client that does not read would keep the connection.
      response.destroy();
    }
  }

  #snapshot(response: ServerResponse, { env, service }: WatchFilter): void {
    const { roll, isWarming } = this.#context;
    const instances = roll.instances(env, service).map(writeInstance);
    const event: SnapshotEvent = { instances, ...(isWarming() ? { warming: true } : {}) };
    this.#send(response, 'snapshot', event);
  }

  #resume(response: ServerResponse, filter: WatchFilter, missed: readonly Change[]): void {
    for (const change of missed) this.#tell(response, filter, change);
    const event: CurrentEvent = this.#context.isWarming() ? { warming: true } : {};
    this.#send(response, 'current', event);
  }

  #tell(response: ServerResponse, filter: WatchFilter, change: Change): void {
    const { env, service } = change.instance;
    if (env !== filter.env || (filter.service !== undefined && service !== filter.service)) return;
    this.#send(response, change.type, writeChange(change), change.revision);
  }

  #send(response: ServerResponse, event: string, data: object, revision = this.#context.roll.revision): void {
    response.write(`event: ${event}\nid: ${this.#context.roll.epoch}:${revision}\ndata: ${JSON.stringify(data)}\n\n`);
    if (response.writableLength > maxWatchBacklogBytes) response.destroy();
  }

  #beat(): () => void {
    return this.#context.clock.setTimer(heartbeatMs, () => {
      for (const response of this.#watches.keys()) response.write(':\n\n');
      this.#cancelHeartbeat = this.#watches.size === 0 ? undefined : this.#beat();
    });
  }
}

/** The changes after a cursor; undefined: of another epoch, ahead of us, too old, or not a cursor at all. */
function missedSince(roll: Roll, log: ChangeLog, lastEventId: string | undefined): readonly Change[] | undefined {
  const [epoch, revision] = lastEventId?.split(':') ?? [];
  if (epoch !== roll.epoch || revision === undefined || !/^\d{1,16}$/.test(revision)) return undefined;
  return log.since(Number(revision), roll.revision);
}
