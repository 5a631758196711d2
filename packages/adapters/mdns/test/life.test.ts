import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { inFull, tenthOf } from '../../../backends/src/index.ts';
import { mdns } from '../src/index.ts';

const exits = fileURLToPath(new URL('../../../backends/test/both/exits.js', import.meta.url));

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
const handles = (): number => process.getActiveResourcesInfo().filter((name) => /UDP|Timeout/.test(name)).length;

const warmUp = inFull ? 40 : 20;
const count = tenthOf(200);
/** How much the heap may grow, in MiB: 1 MiB of normal variation, and 15 KiB for each round. */
const growth = 1 + (count * 15) / 1_024;

describe('nothing is left of mdns', () => {
  it.each(['close', 'leave', 'watch'])('a program that used an mDNS registry ends by itself: %s', async (how) => {
    const options = JSON.stringify({ addresses: ['lo'], namespace: `exits-${how}-${process.pid}` });
    const child = spawn(process.execPath, [exits, 'mdns', options, how], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(out).toBe('1\n');
  });

  it(`${count} rounds of opening, using and closing an mDNS registry, ten at a time, keep handles and memory flat`, async () => {
    const namespace = `rounds-${process.pid}`;
    const round = async (index: number): Promise<void> => {
      const registry = mdns({ addresses: ['lo'], namespace });
      const watcher = registry.watch();
      for (let event = await watcher.next(); event.value?.type !== 'synced'; event = await watcher.next());
      await registry.register(
        { name: 'round', nodes: [{ id: `n${index}`, address: '10.0.0.1:80' }] },
        { ttlMs: 30_000 },
      );
      await registry.close({ withdraw: index % 4 !== 0 });
    };
    const rounds = async (from: number, to: number): Promise<void> => {
      for (let index = from; index < to; index += 10)
        await Promise.all(Array.from({ length: 10 }, (_, at) => round(index + at)));
    };
    await rounds(0, warmUp);
    const [heapBefore, handlesBefore] = [heap(), handles()];
    await rounds(warmUp, warmUp + count);
    await expect.poll(handles, { timeout: 10_000 }).toBeLessThanOrEqual(handlesBefore);
    const grown = (heap() - heapBefore) / 1_048_576;
    console.log(`mdns: ${grown.toFixed(1)} MiB more heap after ${count} rounds`);
    expect(grown).toBeLessThan(growth);
  }, 120_000);
});
