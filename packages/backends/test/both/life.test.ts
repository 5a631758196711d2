import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TcpProxy, tenthOf } from '../../src/index.ts';
import { type Backend, subjects } from './subjects.ts';

const exits = fileURLToPath(new URL('./exits.js', import.meta.url));

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
const handles = (): number => process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name)).length;

const warmUp = 40;
const rounds = tenthOf(200);
/** How much the heap may grow, in MiB: 1 MiB of normal variation, and 15 KiB for each round. */
const growth = 1 + (rounds * 15) / 1_024;

describe.each(subjects)('nothing is left of $name', ({ name, prepare, open }) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await prepare();
    await backend.process.start();
  }, 120_000);
  afterAll(() => backend.process.dispose());

  it.each(['close', 'leave', 'watch'])(
    'a program that used a registry on a real backend ends by itself: %s',
    async (how) => {
      const child = spawn(process.execPath, [exits, name, JSON.stringify({ addresses: [backend.address] }), how], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let out = '';
      child.stdout.on('data', (chunk) => {
        out += chunk;
      });
      expect(await once(child, 'close')).toEqual([0, null]);
      expect(out).toBe('1\n');
    },
  );

  it(`${rounds} rounds of opening, using, losing and closing a registry keep handles and memory flat`, async () => {
    const proxy = new TcpProxy(backend.address);
    await proxy.listen();
    const round = async (index: number): Promise<void> => {
      const registry = open(proxy.address);
      const watcher = registry.watch();
      for (let event = await watcher.next(); event.value?.type !== 'synced'; event = await watcher.next());
      const nodes = [{ id: `n${index % 3}`, address: '10.0.0.1:80' }];
      await registry.register({ name: 'round', nodes }, { ttlMs: 30_000 });
      if (index % 2 === 0) proxy.cut();
      else proxy.blackHole();
      await registry.getService('round', { timeoutMs: 20 }).catch(() => {});
      proxy.restore();
      await registry.close();
    };
    for (let index = 0; index < warmUp; index += 1) await round(index);
    const [heapBefore, handlesBefore] = [heap(), handles()];
    for (let index = warmUp; index < warmUp + rounds; index += 1) await round(index);
    await expect.poll(handles, { timeout: 10_000 }).toBeLessThanOrEqual(handlesBefore);
    const grown = (heap() - heapBefore) / 1_048_576;
    console.log(`${name}: ${grown.toFixed(1)} MiB more heap after ${rounds} rounds`);
    expect(grown).toBeLessThan(growth);
    await proxy.close();
  }, 120_000);
});
