import { StringDecoder } from 'node:string_decoder';
import { maxAnswerBytes } from '../discovery-options.ts';
import { HttpError } from './http-error.ts';

/** One server-sent event. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  /** The cursor, where the event carries one. */
  readonly id?: string | undefined;
}

/** What ends an event. */
const blankLine = '\n\n';

/**
 * Parses `text/event-stream` as it arrives; returns the events that a chunk completes. Each chunk is scanned only once,
 * because a snapshot of 40 MB arrives in hundreds of them.
 */
export class EventStreamParser {
  readonly #decoder = new StringDecoder('utf8');
  /** Pieces of the event that is not complete yet. */
  #pieces: string[] = [];
  #length = 0;

  /** How many characters of an incomplete event have arrived. */
  get pending(): number {
    return this.#length;
  }

  /** @throws HttpError when one event is longer than an answer may be. */
  push(chunk: Buffer): StreamEvent[] {
    const text = this.#decoder.write(chunk);
    const blocks: string[] = [];
    let from = 0;
    // A blank line may begin with the last character of the piece before.
    if (text.startsWith('\n') && this.#pieces.at(-1)?.endsWith('\n') === true) {
      blocks.push(this.#take(''));
      from = 1;
    }
    for (let end = text.indexOf(blankLine, from); end >= 0; end = text.indexOf(blankLine, from)) {
      blocks.push(this.#take(text.slice(from, end)));
      from = end + blankLine.length;
    }
    this.#keep(text.slice(from));
    return blocks.flatMap((block) => parseBlock(block) ?? []);
  }

  #take(last: string): string {
    const block = this.#pieces.length === 0 ? last : [...this.#pieces, last].join('');
    this.#pieces = [];
    this.#length = 0;
    return block;
  }

  #keep(piece: string): void {
    if (piece === '') return;
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length > maxAnswerBytes)
      throw new HttpError(
        `sent an event of more than ${maxAnswerBytes} characters: is it a Rollcall discovery server?`,
      );
  }
}

function parseBlock(block: string): StreamEvent | undefined {
  let event = 'message';
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    // A line that starts with a colon is a comment: the heartbeat.
    if (colon <= 0) continue;
    const value = line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    const field = line.slice(0, colon);
    if (field === 'event') event = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { event, data: data.join('\n'), id };
}
