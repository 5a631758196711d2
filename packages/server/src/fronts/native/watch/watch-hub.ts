import type { ServerResponse } from 'node:http';
import type { Clock } from '@rollcall/core';
import { heartbeatMs } from '@rollcall/protocol';
import type { ChangeLog } from '../../../changes/change-log.ts';
import type { RollFollower } from '../../../roll/followers.ts';
import type { Roll } from '../../../roll/roll.ts';
import type { Snapshots } from '../snapshots.ts';
import { CatchUp, type WatchFilter } from './catch-up.ts';
import { type WatchContext, WatchStream } from './watch-stream.ts';

/** What the watches need of their server. */
export interface WatchHubOptions {
  readonly roll: Roll;
  readonly log: ChangeLog;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly isWarming: () => boolean;
}

/** How many watchers are told before other work has its turn. */
const streamsPerTurn = 100;

/** Every open watch, with one heartbeat for all. */
export class WatchHub implements RollFollower {
  readonly #context: WatchContext;
  readonly #clock: Clock;
  readonly #streams = new Set<WatchStream>();
  #cancelHeartbeat: (() => void) | undefined;
  #isTelling = false;

  constructor({ roll, log, snapshots, clock, isWarming }: WatchHubOptions) {
    this.#context = { roll, snapshots, isWarming, catchUp: new CatchUp({ roll, log, snapshots }) };
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
    stream.go();
  }

  /** Watchers are told when the command that changed the roll is done: many changes at once are one message. */
  changed(): void {
    this.#tellSoon();
  }

  /** A watcher may lack a change: each begins anew. */
  failed(): void {
    for (const stream of this.#streams) stream.cut();
  }

  /** Warming is over: what is not there now is gone. */
  warmed(): void {
    for (const stream of this.#streams) stream.warmed();
    this.#tellSoon();
  }

  /** Ends every watch; clients reconnect elsewhere. */
  close(): void {
    this.#cancelHeartbeat?.();
    for (const stream of this.#streams) stream.cut();
  }

  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => this.#tell([...this.#streams]));
  }

  /** Some at a time: thousands of watchers must not stop the server. */
  #tell(streams: readonly WatchStream[]): void {
    for (const stream of streams.slice(0, streamsPerTurn)) stream.go();
    if (streams.length > streamsPerTurn) {
      setImmediate(() => this.#tell(streams.slice(streamsPerTurn)));
      return;
    }
    this.#context.catchUp.forget();
    this.#isTelling = false;
    if ([...this.#streams].some((stream) => stream.isBehind)) this.#tellSoon();
  }

  #beat(): () => void {
    return this.#clock.setTimer(heartbeatMs, () => {
      for (const stream of this.#streams) stream.beat();
      this.#context.catchUp.forget();
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
