import type { ServerResponse } from 'node:http';
import type { Paced } from '../../../http/pacer.ts';
import type { PublishedRoll } from '../../../roll/published-roll.ts';
import type { Snapshots } from '../snapshots.ts';
import type { CatchUp, WatchFilter } from './catch-up.ts';
import { eventOf, heartbeat, snapshotEvent } from './watch-events.ts';

/** What the streams of a server share. */
export interface WatchContext {
  readonly roll: PublishedRoll;
  readonly snapshots: Snapshots;
  readonly catchUp: CatchUp;
  readonly isWarming: () => boolean;
}

/**
 * One watch. It takes the next piece from the log or a snapshot when the client has read the last, so a slow client costs
 * one chunk, and hears the last change of each node when it goes on.
 */
export class WatchStream implements Paced {
  readonly #context: WatchContext;
  readonly #response: ServerResponse;
  readonly #filter: WatchFilter;
  /** The revision up to which everything has been told or is in `#chunks`; undefined: nothing has. */
  #cursor: number | undefined;
  #chunks: Iterator<Buffer, undefined> | undefined;
  #owesCurrent: boolean;
  #owesWarmed = false;

  /** `cursor`: where a client resumes. */
  constructor(context: WatchContext, response: ServerResponse, filter: WatchFilter, cursor: number | undefined) {
    this.#context = context;
    this.#response = response;
    this.#filter = filter;
    this.#cursor = cursor;
    this.#owesCurrent = cursor !== undefined;
    response.once('close', () => this.#chunks?.return?.());
  }

  /** What its client has not read yet. Bytes. */
  get backlogBytes(): number {
    return this.#response.writableLength;
  }

  /** A failure ends this watch alone; its client resumes. */
  step(): number {
    if (this.#isBlocked) return 0;
    try {
      const chunk = this.#next();
      if (chunk === undefined) return 0;
      this.#response.write(chunk);
      return chunk.length;
    } catch {
      this.cut();
      return 0;
    }
  }

  /** To be told behind what it is being told. */
  warmed(): void {
    this.#owesWarmed = true;
  }

  /** A heartbeat is written only between events and without a backlog: a backlog that moves shows life as well. */
  beat(): void {
    if (this.#chunks === undefined && !this.#isBlocked) this.#response.write(heartbeat);
  }

  /** Not `end`: a client that does not read would keep the connection. */
  cut(): void {
    this.#response.destroy();
  }

  get #isBlocked(): boolean {
    return this.#response.destroyed || this.#response.writableNeedDrain;
  }

  #next(): Buffer | undefined {
    for (;;) {
      const chunk = this.#chunks?.next().value;
      if (chunk !== undefined) return chunk;
      this.#chunks = this.#plan();
      if (this.#chunks === undefined) return undefined;
    }
  }

  #plan(): Iterator<Buffer, undefined> | undefined {
    const { roll, catchUp } = this.#context;
    if (this.#cursor === undefined) return this.#snapshot();
    if (this.#cursor === roll.revision) return this.#caughtUp(this.#cursor);
    const missing = catchUp.after(this.#cursor, this.#filter);
    if (missing.type === 'snapshot') return this.#snapshot();
    this.#cursor = missing.cursor;
    return one(missing.events);
  }

  #snapshot(): Iterator<Buffer, undefined> {
    const { roll, snapshots, isWarming } = this.#context;
    const { env, service, view } = this.#filter;
    const chunks = snapshots.of(env, service, view).read(() => this.cut());
    this.#cursor = roll.revision;
    this.#owesCurrent = false;
    return snapshotEvent(this.#id(), chunks, isWarming());
  }

  #caughtUp(cursor: number): Iterator<Buffer, undefined> | undefined {
    if (this.#owesCurrent) {
      this.#owesCurrent = false;
      return one(eventOf('current', this.#id(cursor), this.#context.isWarming() ? { warming: true } : {}));
    }
    if (!this.#owesWarmed) return undefined;
    this.#owesWarmed = false;
    return one(eventOf('warmed', this.#id(cursor), {}));
  }

  #id(revision: number = this.#cursor ?? 0): string {
    return `${this.#context.roll.epoch}:${revision}`;
  }
}

const one = (chunk: Buffer): Iterator<Buffer, undefined> =>
  (chunk.length === 0 ? [] : [chunk]).values() as Iterator<Buffer, undefined>;
