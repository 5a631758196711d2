import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { WatchEvent } from '@rollcall/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endsByItself, leavings } from '../../../backends/test/both/leftovers.ts';
import { discovery } from '../src/index.ts';
import { ServerProcess } from './server-process.ts';

const renewing = fileURLToPath(new URL('./renewing.js', import.meta.url));
const server = new ServerProcess();
beforeAll(() => server.start());
afterAll(() => server.kill());

const open = () => discovery({ addresses: [server.address] });

async function nextOf(watcher: AsyncIterator<WatchEvent>, type: WatchEvent['type']): Promise<WatchEvent> {
  for (;;) {
    const { value, done } = await watcher.next();
    if (done) throw new Error('the watch ended');
    if (value.type === type) return value;
  }
}

describe('kill -9 of a registered service', () => {
  it('a killed service leaves the roll at its TTL, not before, and watchers hear that it expired', async () => {
    const registry = open();
    const child = spawn(process.execPath, [renewing, server.address], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const renewals: { readonly sent: number; readonly done: number }[] = [];
    createInterface(child.stdout).on('line', (line) => renewals.push(JSON.parse(line)));
    const watcher = registry.watch({ name: 'mortal' });
    await nextOf(watcher, 'create');
    await expect.poll(() => renewals.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
    child.kill('SIGKILL');
    await once(child, 'close');
    const last = renewals.at(-1);
    const told = await nextOf(watcher, 'delete');
    const now = Date.now();
    expect(told).toMatchObject({ type: 'delete', reason: 'expired' });
    expect(await registry.getService('mortal')).toEqual([]);
    // A renewal may have been on its way when the program was killed.
    // The lower bound counts from the last acknowledged renewal.
    expect(now - (last?.sent ?? 0)).toBeGreaterThanOrEqual(3_000);
    console.log(`evicted ${now - (last?.done ?? 0)} ms after its last acknowledged renewal (promised: 3,000-3,300)`);
    await registry.close();
  });
});

describe('nothing is left', () => {
  it.each(leavings)('a program that used a discovery registry ends by itself: %s', (leaving) =>
    endsByItself('discovery', { addresses: [server.address] }, leaving),
  );
});
