import type { ServerResponse } from 'node:http';

/** A long answer that is written a piece at a time. */
export interface Paced {
  /** Writes one piece if the client has read the last one; returns its size. 0: nothing can be written now. */
  step(): number;
  /**
   * Whether there is nothing more to write for now. An idle writer takes no further turns until it is enqueued again.
   */
  readonly isIdle?: boolean;
  /** Set by the pacer: the writer waits for its turn. */
  isReady?: boolean;
}

/** Bytes that are written before other work has its turn. */
const bytesPerTurn = 524_288;
/** How many clients are served in one turn. */
const clientsPerTurn = 100;

/**
 * Writes long answers in turns, one piece each. Otherwise a thousand clients that ask for everything at once would hold
 * up renewals until the kernel has taken all of it.
 */
export class Pacer {
  /** An array, because the old tables of a `Set` would hold answers until V8's next full collection. */
  readonly #ready: Paced[] = [];
  #isScheduled = false;

  /** Call it when there may be something to write, and when the client has read the last piece. */
  enqueue(paced: Paced): void {
    this.#add(paced);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#takeTurn());
  }

  /** Answers with the parts and ends. The headers have been written. */
  answer(response: ServerResponse, parts: Iterator<Buffer, undefined>): void {
    const answer = new PacedAnswer(response, parts);
    response.on('drain', () => this.enqueue(answer));
    response.once('close', () => parts.return?.());
    this.enqueue(answer);
  }

  #takeTurn(): void {
    let bytes = 0;
    let clients = 0;
    // Writers that are added during the loop are behind all others, and may have another turn in it.
    for (const paced of this.#ready) {
      paced.isReady = false;
      const written = paced.step();
      // An answer that has more to write takes its next turn after all others.
      if (written > 0 && paced.isIdle !== true) this.#add(paced);
      bytes += written;
      clients += 1;
      if (bytes >= bytesPerTurn || clients >= clientsPerTurn) break;
    }
    this.#ready.splice(0, clients);
    this.#isScheduled = this.#ready.length > 0;
    if (this.#isScheduled) setImmediate(() => this.#takeTurn());
  }

  #add(paced: Paced): void {
    if (paced.isReady === true) return;
    paced.isReady = true;
    this.#ready.push(paced);
  }
}

class PacedAnswer implements Paced {
  isReady = false;
  readonly #response: ServerResponse;
  readonly #parts: Iterator<Buffer, undefined>;

  constructor(response: ServerResponse, parts: Iterator<Buffer, undefined>) {
    this.#response = response;
    this.#parts = parts;
  }

  step(): number {
    if (this.#response.destroyed || this.#response.writableEnded || this.#response.writableNeedDrain) return 0;
    try {
      const { value: part } = this.#parts.next();
      if (part === undefined) this.#response.end();
      else this.#response.write(part);
      return part?.length ?? 0;
    } catch {
      // The status line is out already, so only a cut connection tells the client that the answer is incomplete.
      this.#response.destroy();
      return 0;
    }
  }
}
