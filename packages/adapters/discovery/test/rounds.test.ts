import type { WatchEvent } from '@rollcall/core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { tenthOf } from '../../../backends/src/index.ts';
import { oneByOne, stayFlat } from '../../../backends/test/both/leftovers.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

const server = new ServerProcess();
beforeAll(() => server.start());
afterAll(() => server.kill());

async function until(watcher: AsyncIterator<WatchEvent>, type: WatchEvent['type']): Promise<void> {
  for (;;) {
    const { value, done } = await watcher.next();
    if (done) throw new Error('the watch ended');
    if (value.type === type) return;
  }
}

async function round(index: number): Promise<void> {
  const registry = discovery({ addresses: [server.address] });
  const watcher = registry.watch();
  await until(watcher, 'synced');
  const nodes = [{ id: `n${index % 3}`, address: '10.0.0.1:80' }];
  await registry.register({ name: 'round', nodes }, { ttlMs: 30_000 });
  // The server fails in the middle of a watch; in every twentieth round it also loses all its data.
  if (index % 20 === 0) {
    await server.kill();
    await until(watcher, 'interrupted');
    await server.start();
  } else server.freeze();
  await registry.getService('round', { timeoutMs: 20 }).catch(() => {});
  server.resume();
  await registry.close();
}

const rounds = tenthOf(200);

describe('rounds', () => {
  it(`${rounds} rounds of opening, using, losing and closing a discovery registry keep handles and memory flat`, async () => {
    await stayFlat({ name: 'discovery', warmUp: 40, count: rounds, play: oneByOne(round) });
  }, 120_000);
});
