import { describe, it } from 'vitest';
import { inFull, tenthOf } from '../../../backends/src/index.ts';
import { endsByItself, leavings, stayFlat } from '../../../backends/test/both/leftovers.ts';
import { mdns } from '../src/index.ts';

const count = tenthOf(200);

describe('nothing is left of mdns', () => {
  it.each(leavings)('a program that used an mDNS registry ends by itself: %s', (leaving) =>
    endsByItself('mdns', { addresses: ['lo'], namespace: `exits-${leaving}-${process.pid}` }, leaving),
  );

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
    const play = async (from: number, to: number): Promise<void> => {
      for (let index = from; index < to; index += 10)
        await Promise.all(Array.from({ length: 10 }, (_, at) => round(index + at)));
    };
    await stayFlat({ name: 'mdns', warmUp: inFull ? 40 : 20, count, play });
  }, 120_000);
});
