import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { WatchEvent } from '@rollcall/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tenthOf } from '../../../backends/src/index.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

const server = new ServerProcess();
beforeAll(() => server.start());
afterAll(() => server.kill());

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

const handles = (): number => process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name)).length;

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

const warmUp = 40;
const rounds = tenthOf(200);
/** How much the heap may grow, in MiB: 1 MiB of normal variation, and 15 KiB for each round. */
const growth = 1 + (rounds * 15) / 1_024;

describe('rounds', () => {
  it(`${rounds} rounds of opening, using, losing and closing a discovery registry keep handles and memory flat`, async () => {
    for (let index = 0; index < warmUp; index += 1) await round(index);
    const [heapBefore, handlesBefore] = [heap(), handles()];
    for (let index = warmUp; index < warmUp + rounds; index += 1) await round(index);
    await expect.poll(handles, { timeout: 10_000 }).toBeLessThanOrEqual(handlesBefore);
    const grown = (heap() - heapBefore) / 1_048_576;
    console.log(`${grown.toFixed(1)} MiB more heap after ${rounds} rounds`);
    expect(grown).toBeLessThan(growth);
  }, 120_000);
});
