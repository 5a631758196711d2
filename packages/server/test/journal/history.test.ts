import { manualClock } from '@rollcall/core/testing';
import type { ChangesAnswer, PollAnswer } from '@rollcall/protocol';
import { afterEach, expect, it } from 'vitest';
import { instance, type Running, running } from '../http.ts';
import { newFolder, removeFolders } from './folders.ts';

const open: Running[] = [];
afterEach(async () => {
  for (const { server } of open.splice(0)) await server.close();
  removeFolders();
});
const clock = manualClock();
async function start(dataDir: string): Promise<Running> {
  const server = await running({ dataDir, clock });
  open.push(server);
  return server;
}
const key = { env: 'e', appid: 'web', hostname: 'a' };

it('a restarted server still has changes with their evidence, knows earlier cursors, and answers about the past', async () => {
  const folder = newFolder();
  const first = await start(folder);
  await first.register(instance({ ttlMs: 0 }), instance({ hostname: 'b', ttlMs: 0 }));
  await clock.advance(1_000);
  await first.register(instance({ version: '2', ttlMs: 0 }));
  await first.ask('POST', '/api/set', { instances: [{ ...key, status: 2 }] });
  await clock.advance(1_000);
  await first.ask('POST', '/api/cancel', { keys: [key] });
  const before = await first.ask<ChangesAnswer>('GET', '/api/changes');
  const polled = await first.ask<PollAnswer>('GET', '/api/poll?env=e&appid=web');
  expect(before.data.changes.map(({ text }) => text)).toEqual([
    'web/a was registered at 10.0.0.1:80 by 127.0.0.1',
    'web/b was registered at 10.0.0.1:80 by 127.0.0.1',
    'web/a was updated by 127.0.0.1: version',
    'web/a was taken out of service by 127.0.0.1',
    'web/a was deregistered by name, by 127.0.0.1',
  ]);
  await first.server.close();
  await clock.advance(1_000);

  const second = await start(folder);
  const after = await second.ask<ChangesAnswer>('GET', '/api/changes');
  expect(after.data.changes).toEqual(before.data.changes);
  expect(after.data.cursor).toBe(before.data.cursor);
  expect(after.data.log).toEqual(before.data.log);
  const again = await second.ask<PollAnswer>('GET', `/api/poll?env=e&appid=web&since=${polled.data.cursor}&waitMs=0`);
  expect(again.data).toMatchObject({ modified: false, reset: false });
  const past = async (at: string) =>
    (
      await second.ask<{ instances: Record<string, unknown>[] }>('GET', `/api/fetch?env=e&appid=web&at=${at}`)
    ).data.instances
      .map(({ hostname, version, status }) => `${hostname} ${version} ${status}`)
      .sort();
  expect(await past('2500ms')).toEqual(['a  1', 'b  1']);
  expect(await past('1500ms')).toEqual(['a 2 2', 'b  1']);
  expect(await past('500ms')).toEqual(['b  1']);
});
