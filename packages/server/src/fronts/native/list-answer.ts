import type { FastifyReply } from 'fastify';
import type { Pacer } from '../../http/pacer.ts';
import { chunkBytes } from '../../server-options.ts';
import { envelope, type NativeContext } from './envelope.ts';
import type { Snapshot } from './snapshot.ts';

/** What answers with a list work with. */
type ListContext = NativeContext & { readonly pacer: Pacer };

/** An answer whose one list is written in chunks. */
export interface Filled {
  /** The data of the answer, with exactly one empty list, in whose place the list is written. */
  readonly data: object;
  /** Rough size of the list. */
  readonly bytes: number;
  /** The list without its brackets. `cut` ends the answer of a client that reads too slowly. */
  readonly fill: (cut: () => void) => Iterable<Buffer>;
}

/** Answers with a list that all readers share. `data` must have one empty list, which stands for the list. */
export function sendList(reply: FastifyReply, context: ListContext, snapshot: Snapshot, data: object): FastifyReply {
  return sendFilled(reply, context, { data, bytes: snapshot.bytes, fill: (cut) => snapshot.read(cut) });
}

/** Answers with a list that comes in chunks. */
export function sendFilled(reply: FastifyReply, context: ListContext, { data, bytes, fill }: Filled): FastifyReply {
  const [before, after] = aroundList(context, data);
  const cut = (): void => void reply.raw.destroy();
  const parts = answerParts(before, fill(cut), after);
  reply.type(json);
  // A short list is copied, which costs less than taking turns.
  if (bytes < chunkBytes) return reply.send(Buffer.concat([...parts]));
  if (reply.request.method === 'HEAD') return reply.send();
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': json });
  context.pacer.answer(reply.raw, parts);
  return reply;
}

/**
 * The text of an answer before and after its list. `data` holds an empty list in that place, and no other empty list.
 */
export function aroundList(context: NativeContext, data: object): readonly [before: string, after: string] {
  const [before = '', after = ''] = JSON.stringify(envelope(context, data)).split('[]');
  return [`${before}[`, `]${after}`];
}

const json = 'application/json; charset=utf-8';

function* answerParts(before: string, chunks: Iterable<Buffer>, after: string): Generator<Buffer, undefined> {
  yield Buffer.from(before);
  yield* chunks;
  yield Buffer.from(after);
}
