import type { ServerResponse } from 'node:http';
import type { Paced } from '../../../http/pacer.ts';
import type { PublishedRoll } from '../../../roll/published-roll.ts';
import type { Snapshots } from '../snapshots.ts';
import type { CatchUp } from './catch-up.ts';
import { SharedBytes } from './shared-bytes.ts';
import { cursorText, eventOf, heartbeat, snapshotEvent } from './watch-events.ts';
import type { WatchGroup } from './watch-group.ts';
import { WatchOutlet } from './watch-outlet.ts';

/** What the streams of a server share. */
export interface WatchContext {
  readonly roll: PublishedRoll;
  readonly snapshots: Snapshots;
  readonly catchUp: CatchUp;
  readonly isWarming: () => boolean;
}

/**
 * One watch. It takes the next piece from the log or a snapshot when the client has read the last one. So a slow client
 * costs one chunk, and hears only the last change of each node when it goes on.
 */
export class WatchStream implements Paced {
  isReady = false;
  readonly #context: WatchContext;
  readonly #outlet: WatchOutlet;
  /** The revision up to which everything was sent or is in `#chunks`; undefined: nothing was sent yet. */
  #cursor: number | undefined;
  #chunks: Iterator<Buffer, undefined> | undefined;
  #owesCurrent: boolean;
  #owesWarmed = false;
  readonly #group: WatchGroup<WatchStream>;

  /** `cursor`: where a client resumes. */
  constructor(
    context: WatchContext,
    response: ServerResponse,
    group: WatchGroup<WatchStream>,
    cursor: number | undefined,
  ) {
    this.#context = context;
    this.#outlet = new WatchOutlet(response);
    this.#group = group;
    this.#cursor = cursor;
    this.#owesCurrent = cursor !== undefined;
    response.once('close', () => this.#chunks?.return?.());
  }

  /** Bytes that the client of the stream has not read yet. */
  get backlogBytes(): number {
    return this.#outlet.backlogBytes;
  }

  /** Whether the stream has sent everything. */
  get isIdle(): boolean {
    if (this.#chunks !== undefined || this.#owesCurrent || this.#owesWarmed) return false;
    return this.#cursor !== undefined && this.#cursor >= this.#group.changedAt;
  }

  /** A failure ends only this watch; its client resumes. */
  step(): number {
    if (this.#outlet.isBlocked) return 0;
    try {
      const chunk = this.#next();
      if (chunk === undefined) return 0;
      this.#outlet.write(chunk);
      return chunk.length;
    } catch {
      this.cut();
      return 0;
    }
  }

  /** Tells the client that warming is over, after the events that are being sent now. */
  warmed(): void {
    this.#owesWarmed = true;
  }

  /** Writes a heartbeat between events. A backlog needs none, since its progress shows life as well. */
  beat(): void {
    // The watch is idle, so all changes up to here do not concern it, or it has sent them.
    if (this.isIdle) this.#cursor = this.#context.roll.revision;
    if (this.#chunks === undefined && !this.#outlet.isBlocked) this.#outlet.write(heartbeat);
  }

  /** Destroys the connection instead of ending it: a client that does not read would keep an ended one open. */
  cut(): void {
    this.#outlet.cut();
  }

  #next(): Buffer | SharedBytes | undefined {
    for (;;) {
      const chunk = this.#chunks?.next().value;
      if (chunk !== undefined) return chunk;
      this.#chunks = undefined;
      const planned = this.#plan();
      if (planned === undefined) return undefined;
      if (!(planned instanceof SharedBytes)) this.#chunks = planned;
      else if (planned.length > 0) return planned;
    }
  }

  #plan(): Iterator<Buffer, undefined> | SharedBytes | undefined {
    const { catchUp } = this.#context;
    if (this.#cursor === undefined) return this.#snapshot();
    if (this.#cursor >= this.#group.changedAt) return this.#caughtUp(this.#cursor);
    const missing = catchUp.after(this.#cursor, this.#group);
    if (missing.type === 'snapshot') return this.#snapshot();
    this.#cursor = missing.cursor;
    return missing.events;
  }

  #snapshot(): Iterator<Buffer, undefined> {
    const { snapshots, isWarming, roll } = this.#context;
    const { env, service, view } = this.#group.filter;
    const chunks = snapshots.of(env, service, view).read(() => this.cut());
    this.#cursor = roll.revision;
    this.#owesCurrent = false;
    return snapshotEvent(this.#id(), chunks, isWarming());
  }

  #caughtUp(cursor: number): SharedBytes | undefined {
    if (this.#owesCurrent) {
      this.#owesCurrent = false;
      const data = this.#context.isWarming() ? { warming: true } : {};
      return new SharedBytes([eventOf('current', this.#id(cursor), data)]);
    }
    if (!this.#owesWarmed) return undefined;
    this.#owesWarmed = false;
    return new SharedBytes([eventOf('warmed', this.#id(cursor), {})]);
  }

  #id(revision: number = this.#cursor ?? 0): string {
    return cursorText(this.#context.roll.epoch, revision, this.#group.filter.view);
  }
}
