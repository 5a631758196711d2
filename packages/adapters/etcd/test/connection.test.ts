import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import { Connection } from '../src/connection.ts';

it('a stream that opens after its signal is cancelled, and what it says then ends nobody', async () => {
  const connection = new Connection({ addresses: ['127.0.0.1:1'] });
  const controller = new AbortController();
  const stream = Object.assign(new EventEmitter(), { cancel: vi.fn() });
  let opened = (_: typeof stream): void => {};
  const opening = connection.stream(
    controller.signal,
    () =>
      new Promise<typeof stream>((resolve) => {
        opened = resolve;
      }),
  );
  const reason = new Error('given up');
  controller.abort(reason);
  await expect(opening).rejects.toBe(reason);
  opened(stream);
  await expect.poll(() => stream.cancel.mock.calls.length).toBe(1);
  expect(() => stream.emit('error', new Error('cancelled'))).not.toThrow();
  connection.close();
});
