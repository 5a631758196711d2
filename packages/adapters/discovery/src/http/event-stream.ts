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

/** Parses `text/event-stream` as it comes; answers the events that a chunk completes. */
export class EventStreamParser {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  push(chunk: Buffer): StreamEvent[] {
    this.#rest += this.#decoder.write(chunk);
    if (this.#rest.length > maxAnswerBytes)
      throw new HttpError(`sent an event of more than ${maxAnswerBytes} characters`);
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => parseBlock(block) ?? []);
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
