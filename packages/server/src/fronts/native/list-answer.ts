import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { chunkBytes } from '../../server-options.ts';
import { envelope, type NativeContext } from './envelope.ts';
import type { Snapshot } from './snapshot.ts';

/** Answers with a list that all readers share. `data` has an empty list in its place, and no other. */
export function sendList(reply: FastifyReply, context: NativeContext, snapshot: Snapshot, data: object): FastifyReply {
  const [before = '', after = ''] = JSON.stringify(envelope(context, data)).split('[]');
  const cut = (): void => void reply.raw.destroy();
  const parts = answerParts(`${before}[`, snapshot.read(cut), `]${after}`);
  reply.type('application/json; charset=utf-8');
  // A short list is copied: that is cheaper than a stream.
  return snapshot.bytes < chunkBytes ? reply.send(Buffer.concat([...parts])) : reply.send(Readable.from(parts));
}

function* answerParts(before: string, chunks: Iterable<Buffer>, after: string): Generator<Buffer, undefined> {
  yield Buffer.from(before);
  yield* chunks;
  yield Buffer.from(after);
}
