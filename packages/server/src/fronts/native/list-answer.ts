import type { FastifyReply } from 'fastify';
import type { Pacer } from '../../http/pacer.ts';
import { chunkBytes } from '../../server-options.ts';
import { envelope, type NativeContext } from './envelope.ts';
import type { Snapshot } from './snapshot.ts';

/** Answers with a list that all readers share. `data` has an empty list in its place, and no other. */
export function sendList(
  reply: FastifyReply,
  context: NativeContext & { readonly pacer: Pacer },
  snapshot: Snapshot,
  data: object,
): FastifyReply {
  const [before = '', after = ''] = JSON.stringify(envelope(context, data)).split('[]');
  const cut = (): void => void reply.raw.destroy();
  const parts = answerParts(`${before}[`, snapshot.read(cut), `]${after}`);
  reply.type(json);
  // A short list is copied: that is cheaper than turns.
  if (snapshot.bytes < chunkBytes) return reply.send(Buffer.concat([...parts]));
  if (reply.request.method === 'HEAD') return reply.send();
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': json });
  context.pacer.answer(reply.raw, parts);
  return reply;
}

const json = 'application/json; charset=utf-8';

function* answerParts(before: string, chunks: Iterable<Buffer>, after: string): Generator<Buffer, undefined> {
  yield Buffer.from(before);
  yield* chunks;
  yield Buffer.from(after);
}
