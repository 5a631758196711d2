import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { chunkBytes } from '../../server-options.ts';
import { envelope, type NativeContext } from './envelope.ts';
import type { Snapshots } from './snapshots.ts';

/** Answers with the instances of an env, or of one of its services, written down once for all that ask. */
export function sendInstances(
  reply: FastifyReply,
  context: NativeContext & { readonly snapshots: Snapshots },
  env: string,
  service?: string,
): FastifyReply {
  const snapshot = context.snapshots.of(env, service);
  const [before = '', after = ''] = JSON.stringify(envelope(context, { instances: [] })).split('[]');
  const cut = (): void => void reply.raw.destroy();
  const parts = answerParts(`${before}[`, snapshot.read(cut), `]${after}`);
  reply.type('application/json; charset=utf-8');
  // A short one is copied: that is cheaper than a stream.
  return snapshot.bytes < chunkBytes ? reply.send(Buffer.concat([...parts])) : reply.send(Readable.from(parts));
}

function* answerParts(before: string, chunks: Iterable<Buffer>, after: string): Generator<Buffer, undefined> {
  yield Buffer.from(before);
  yield* chunks;
  yield Buffer.from(after);
}
