import type { ServerResponse } from 'node:http';
import type { Clock } from '@rollcall/core';
import { heartbeatMs } from '@rollcall/protocol';
import type { ChangeLog } from '../../../changes/change-log.ts';
import type { Change, RollFollower } from '../../../roll/followers.ts';
import type { Roll } from '../../../roll/roll.ts';
import type { Snapshots } from '../snapshots.ts';
import type { WatchFilter } from './catch-up.ts';
import { ChangeEvents } from './watch-events.ts';
import { type WatchContext, WatchStream } from './watch-stream.ts';

/** What the watches need of their server. */
export interface WatchHubOptions {
  readonly roll: Roll;
  readonly log: ChangeLog;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly isWarming: () => boolean;
}

/** Every open watch, with one heartbeat for all. */
export class WatchHub implements RollFollower {
  readonly #context: WatchContext;
  readonly #clock: Clock;
  readonly #streams = new Set<WatchStream>();
  #cancelHeartbeat: (() => void) | undefined;

  constructor({ roll, log, snapshots, clock, isWarming }: WatchHubOptions) {
    this.#context = { roll, log, snapshots, isWarming, events: new ChangeEvents(roll.epoch) };
    this.#clock = clock;
  }

  /** Answers with the stream: what was missed since `lastEventId`, or else the whole list, then changes. */
  watch(response: ServerResponse, filter: WatchFilter, lastEventId: string | undefined): void {
    const { roll } = this.#context;
    response.writeHead(200, eventStreamHeaders);
    response.once('error', () => response.destroy());
    roll.settle();
    const stream = new WatchStream(this.#context, response, filter, cursorOf(roll, lastEventId));
    this.#streams.add(stream);
    response.once('close', () => this.#streams.delete(stream));
    this.#cancelHeartbeat ??= this.#beat();
    this.#guarded(stream, () => stream.go());
  }

  changed(change: Change): void {
    for (const stream of this.#streams) this.#guarded(stream, () => stream.changed(change));
  }

  /** A watcher may lack a change: each begins anew. */
  failed(): void {
    for (const stream of this.#streams) stream.cut();
  }

  /** Warming is over: what is not there now is gone. */
  warmed(): void {
    for (const stream of this.#streams) this.#guarded(stream, () => stream.warmed());
  }

  /** Ends every watch; clients reconnect elsewhere. */
  close(): void {
    this.#cancelHeartbeat?.();
    for (const stream of this.#streams) stream.cut();
  }

  /** What fails for one watcher ends that watch alone; its client resumes. */
  #guarded(stream: WatchStream, work: () => void): void {
    try {
      work();
    } catch {
      stream.cut();
    }
  }

  #beat(): () => void {
    return this.#clock.setTimer(heartbeatMs, () => {
      for (const stream of this.#streams) stream.beat();
      this.#cancelHeartbeat = this.#streams.size === 0 ? undefined : this.#beat();
    });
  }
}

/** Also for a proxy in between: nginx would collect events until its buffer is full. */
export const eventStreamHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/** The revision after which a client resumes; undefined: of another epoch, ahead of us, or not a cursor at all. */
function cursorOf({ epoch, revision }: Roll, lastEventId: string | undefined): number | undefined {
  const [ofEpoch, text] = lastEventId?.split(':') ?? [];
  if (ofEpoch !== epoch || text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  return Number(text) > revision ? undefined : Number(text);
}
