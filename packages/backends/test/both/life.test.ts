import { afterAll, beforeAll, describe, it } from 'vitest';
import { TcpProxy, tenthOf } from '../../src/index.ts';
import { endsByItself, leavings, oneByOne, stayFlat } from './leftovers.ts';
import { type Backend, subjects } from './subjects.ts';

const rounds = tenthOf(200);

describe.each(subjects)('nothing is left of $name', ({ name, prepare, open }) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await prepare();
    await backend.process.start();
  }, 120_000);
  afterAll(() => backend.process.dispose());

  it.each(leavings)('a program that used a registry on a real backend ends by itself: %s', (leaving) =>
    endsByItself(name, { addresses: [backend.address] }, leaving),
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
    await stayFlat({ name, warmUp: 40, count: rounds, play: oneByOne(round) });
    await proxy.close();
  }, 120_000);
});
