import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '@rollcall/core';
import { heartbeatMs } from '@rollcall/protocol';
import type { Caller, View } from '../../../access/caller.ts';
import type { ChangeLog } from '../../../changes/change-log.ts';
import type { Pacer } from '../../../http/pacer.ts';
import type { Change, RollFollower } from '../../../roll/followers.ts';
import type { PublishedRoll } from '../../../roll/published-roll.ts';
import type { Snapshots } from '../snapshots.ts';
import { CatchUp } from './catch-up.ts';
import type { WatchFilter, WatchGroup } from './watch-group.ts';
import { WatchGroups } from './watch-groups.ts';
import { type WatchContext, WatchStream } from './watch-stream.ts';

/** What the watches need of their server. */
export interface WatchHubOptions {
  readonly roll: PublishedRoll;
  readonly log: ChangeLog;
  readonly snapshots: Snapshots;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly isWarming: () => boolean;
  readonly maxWatches: number;
}

/** What a client asks for. */
export interface WatchRequest {
  readonly filter: WatchFilter;
  readonly caller: Caller;
  /** The cursor at which the watch resumes. */
  readonly lastEventId: string | undefined;
}

interface Client {
  readonly caller: Caller;
  readonly socket: Socket;
}

/** Every open watch, with one heartbeat for all. */
export class WatchHub implements RollFollower {
  readonly #context: WatchContext;
  readonly #clock: Clock;
  readonly #pacer: Pacer;
  readonly #streams = new Map<WatchStream, Client>();
  readonly #groups = new WatchGroups<WatchStream>();
  /** Groups that a change concerns and that have not been told yet. */
  #changed: WatchGroup<WatchStream>[] = [];
  readonly #maxWatches: number;
  #cancelHeartbeat: (() => void) | undefined;
  #isScheduled = false;

  constructor({ roll, log, snapshots, pacer, clock, isWarming, maxWatches }: WatchHubOptions) {
    this.#maxWatches = maxWatches;
    this.#context = { roll, snapshots, isWarming, catchUp: new CatchUp({ roll, log, snapshots }) };
    this.#clock = clock;
    this.#pacer = pacer;
  }

  /** Whether there are as many watches as allowed. */
  get isFull(): boolean {
    return this.#streams.size >= this.#maxWatches;
  }

  /** The number of open watches. */
  get size(): number {
    return this.#streams.size;
  }

  /** Bytes that the clients of all watches have not read yet. */
  get backlogBytes(): number {
    let bytes = 0;
    for (const stream of this.#streams.keys()) bytes += stream.backlogBytes;
    return bytes;
  }

  /** Answers with the stream: the changes since `lastEventId`, or the whole list, then further changes. */
  watch(response: ServerResponse, { filter, caller, lastEventId }: WatchRequest): void {
    const { roll } = this.#context;
    response.writeHead(200, eventStreamHeaders);
    response.once('error', () => response.destroy());
    roll.settle();
    const group = this.#groups.of(filter, roll.revision);
    const stream = new WatchStream(this.#context, response, group, cursorOf(roll, filter.view, lastEventId));
    group.members.add(stream);
    this.#streams.set(stream, { caller, socket: response.req.socket });
    response.once('close', () => {
      this.#streams.delete(stream);
      this.#groups.leave(stream, group);
    });
    const goOn = (): void => this.#pacer.enqueue(stream);
    // A response emits no `drain` for bytes that were written straight to its socket.
    for (const drained of [response, response.req.socket]) drained.on('drain', goOn);
    this.#cancelHeartbeat ??= this.#beat();
    this.#pacer.enqueue(stream);
  }

  /** Watchers are told when the command that changed the roll is done, so that many changes at once are one message. */
  changed(change: Change): void {
    for (const group of this.#groups.concernedBy(change)) if (group.changed(change.revision)) this.#changed.push(group);
    if (this.#changed.length > 0) this.#tellSoon();
  }

  /** Cuts off every watch, because each may have missed a change. Its client resumes. */
  failed(): void {
    for (const stream of this.#streams.keys()) stream.cut();
  }

  /** Ends the watches for which `isCurrent` returns false: their clients' rights have changed. */
  recheck(isCurrent: (caller: Caller, socket: Socket) => boolean): void {
    for (const [stream, { caller, socket }] of this.#streams) if (!isCurrent(caller, socket)) stream.cut();
  }

  /** Tells all watches that warming is over: an instance that is not listed by now is gone. */
  warmed(): void {
    for (const stream of this.#streams.keys()) {
      stream.warmed();
      this.#pacer.enqueue(stream);
    }
  }

  /** Ends every watch; clients reconnect elsewhere. */
  close(): void {
    this.#cancelHeartbeat?.();
    for (const stream of this.#streams.keys()) stream.cut();
  }

  #tellSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const groups = this.#changed;
      this.#changed = [];
      for (const group of groups) {
        group.told();
        for (const stream of group.members) this.#pacer.enqueue(stream);
      }
    });
  }

  /** Thousands of writes at once would hold up everything else. */
  #beatInTurns(streams: readonly WatchStream[]): void {
    for (const stream of streams.slice(0, beatsPerTurn)) stream.beat();
    if (streams.length > beatsPerTurn) setImmediate(() => this.#beatInTurns(streams.slice(beatsPerTurn)));
  }

  #beat(): () => void {
    return this.#clock.setTimer(heartbeatMs, () => {
      this.#beatInTurns([...this.#streams.keys()]);
      this.#cancelHeartbeat = this.#streams.size === 0 ? undefined : this.#beat();
    });
  }
}

/** Heartbeats that are written before other work has its turn. */
const beatsPerTurn = 200;

/** The header is for a proxy in between: nginx would collect events until its buffer is full. */
export const eventStreamHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/**
 * The revision after which a client resumes. Undefined: a cursor of another epoch, ahead of the server, or of another
 * view, or no cursor at all.
 */
function cursorOf({ epoch, revision }: PublishedRoll, { tag }: View, lastEventId = ''): number | undefined {
  const [ofEpoch, text = '', ofView = ''] = lastEventId.split(':');
  if (ofEpoch !== epoch || ofView !== tag || !/^\d{1,16}$/.test(text)) return undefined;
  return Number(text) > revision ? undefined : Number(text);
}
