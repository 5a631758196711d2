import { EventEmitter } from 'node:events';
import type { ICallable } from 'etcd3';
import { expect, it, vi } from 'vitest';
import { Calls } from '../src/cluster/calls.ts';

type Pool = ICallable<unknown>;
type Link = Parameters<Parameters<Pool['withConnection']>[1]>[0];

/** A pool of connections that reaches no server, and the headers that calls set on it. */
function poolOf(client: object): { readonly pool: Pool; readonly headers: Map<string, string> } {
  const headers = new Map<string, string>();
  const link = { resource: undefined, client, metadata: headers } as unknown as Link;
  const pool = { withConnection: (_: string, use: (link: Link) => unknown) => use(link), markFailed: () => {} };
  return { pool: pool as unknown as Pool, headers };
}
/** A stream of gRPC on which no answer comes. */
const streamOf = () =>
  Object.assign(new EventEmitter(), {
    cancel: vi.fn(),
    write: vi.fn(),
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
  });

it('a stream that opens after its signal was aborted is cancelled, and its later error does not end the process', async () => {
  const controller = new AbortController();
  const stream = streamOf();
  let opened = (_: typeof stream): void => {};
  const opening = new Calls(poolOf({}).pool, undefined, controller.signal).converse(
    () =>
      new Promise<never>((resolve) => {
        opened = resolve as unknown as typeof opened;
      }),
    {},
  );
  const reason = new Error('given up');
  controller.abort(reason);
  opened(stream);
  await expect(opening).rejects.toBe(reason);
  expect(stream.cancel).toHaveBeenCalled();
  expect(() => stream.emit('error', new Error('cancelled'))).not.toThrow();
});

it('an aborted request is cancelled at the server and rejects with the reason at once', async () => {
  const controller = new AbortController();
  const cancel = vi.fn();
  const { pool, headers } = poolOf({ range: () => ({ cancel }) });
  const asked = new Calls(pool, 'token', controller.signal).kv.range({ key: Buffer.from('a') });
  const reason = new Error('given up');
  controller.abort(reason);
  await expect(asked).rejects.toBe(reason);
  expect(cancel).toHaveBeenCalledOnce();
  expect([...headers]).toEqual([['token', 'token']]);
});

it('watches alone ask for a leader, since other calls wait for an election', async () => {
  const { pool, headers } = poolOf({ watch: streamOf });
  await new Calls(pool, undefined, new AbortController().signal).watches.watch();
  expect([...headers]).toEqual([['hasleader', 'true']]);
});
