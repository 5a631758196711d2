import type { ServerResponse } from 'node:http';
import type { Clock } from '@rollcall/core';
import { type CurrentEvent, heartbeatMs, type SnapshotEvent } from '@rollcall/protocol';
import { maxWatchBacklogBytes } from '../server-options.ts';
import { type Change, subjectOf } from '../store/change-log.ts';
import type { Store } from '../store/store.ts';

/** What a watch wants to hear of. */
export interface WatchFilter {
  readonly env: string;
  readonly appid: string | undefined;
}

/** What the watches need of their server. */
export interface WatchContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly isWarming: () => boolean;
}

/** Every open watch. One heartbeat for all; a consumer that is too slow is cut, and resumes. */
export class WatchHub {
  readonly #context: WatchContext;
  readonly #watches = new Map<ServerResponse, () => void>();
  #cancelHeartbeat: (() => void) | undefined;

  constructor(context: WatchContext) {
    this.#context = context;
  }

  /** Answers with the stream: what was missed since `lastEventId`, or else the whole list, then changes. */
  open(response: ServerResponse, filter: WatchFilter, lastEventId: string | undefined): void {
    const { store } = this.#context;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    store.tick();
    const missed = missedSince(store, lastEventId);
    if (missed === undefined) this.#snapshot(response, filter);
    else this.#resume(response, filter, missed);
    const unsubscribe = store.log.subscribe((change) => this.#tell(response, filter, change));
    this.#watches.set(response, unsubscribe);
    response.once('close', () => this.#forget(response));
    response.once('error', () => response.destroy());
    this.#cancelHeartbeat ??= this.#beat();
  }

  /** Warming is over: what is not there now is gone. */
  warmed(): void {
    for (const response of this.#watches.keys()) this.#send(response, 'warmed', {});
  }

  /** Ends every watch; clients reconnect elsewhere. */
  close(): void {
    this.#cancelHeartbeat?.();
    for (const response of [...this.#watches.keys()]) {
      this.#forget(response);
      // Not `end`: a client that does not read would keep the connection.
      response.destroy();
    }
  }

  #snapshot(response: ServerResponse, { env, appid }: WatchFilter): void {
    const { store, isWarming } = this.#context;
    const event: SnapshotEvent = { instances: store.instances(env, appid), ...(isWarming() ? { warming: true } : {}) };
    this.#send(response, 'snapshot', event);
  }

  #resume(response: ServerResponse, filter: WatchFilter, missed: readonly Change[]): void {
    for (const change of missed) this.#tell(response, filter, change);
    const event: CurrentEvent = this.#context.isWarming() ? { warming: true } : {};
    this.#send(response, 'current', event);
  }

  #tell(response: ServerResponse, filter: WatchFilter, change: Change): void {
    const { env, appid } = subjectOf(change);
    if (env !== filter.env || (filter.appid !== undefined && appid !== filter.appid)) return;
    this.#send(response, change.type, change.type === 'put' ? change.instance : change.removed, change.revision);
  }

  #send(response: ServerResponse, event: string, data: object, revision = this.#context.store.revision): void {
    response.write(`event: ${event}\nid: ${this.#context.store.epoch}:${revision}\ndata: ${JSON.stringify(data)}\n\n`);
    if (response.writableLength > maxWatchBacklogBytes) response.destroy();
  }

  #beat(): () => void {
    return this.#context.clock.setTimer(heartbeatMs, () => {
      for (const response of this.#watches.keys()) response.write(':\n\n');
      this.#cancelHeartbeat = this.#watches.size === 0 ? undefined : this.#beat();
    });
  }

  #forget(response: ServerResponse): void {
    this.#watches.get(response)?.();
    this.#watches.delete(response);
  }
}

/** The changes after a cursor; undefined: of another epoch, ahead of us, too old, or not a cursor at all. */
function missedSince(store: Store, lastEventId: string | undefined): readonly Change[] | undefined {
  const [epoch, revision] = lastEventId?.split(':') ?? [];
  if (epoch !== store.epoch || revision === undefined || !/^\d{1,16}$/.test(revision)) return undefined;
  return store.log.since(Number(revision), store.revision);
}
