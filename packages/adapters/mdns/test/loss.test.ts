import type { Registry, WatchEvent } from '@rollcall/core';
import { describe, it } from 'vitest';
import { inFull, Lan, tenthOf } from '../../../backends/src/index.ts';
import { Member } from './lan/member.ts';

const services = 50;
// The short run has a shorter TTL, so that each service is still renewed and asked for several times.
const ttlMs = inFull ? 10_000 : 4_000;
const lossMs = tenthOf(120_000);
const lostAtLeast = tenthOf(50);
const service = (index: number) => ({
  name: `lossy-${index}`,
  nodes: [{ id: 'n1', address: `10.77.0.1:${8_000 + index}` }],
});

// In the full run each of the fifty services is asked for some fifteen times in two minutes. Both hosts run at a time,
// since the tests mostly wait.
describe.concurrent('three packets of ten are lost', () => {
  it.for(['a', 'b'] as const)(
    'with three packets of ten lost, host %s never reports a living node gone',
    { timeout: 200_000 },
    async (lossy, { expect, onTestFinished }) => {
      const lan = await Lan.create();
      const [announcer, watching] = await Promise.all([Member.on(lan, 'a'), Member.on(lan, 'b')]);
      const registry: Registry = announcer.open();
      const renew = () =>
        Promise.all(Array.from({ length: services }, (_, index) => registry.register(service(index), { ttlMs })));
      await renew();
      const renewing = setInterval(() => void renew().catch(() => {}), ttlMs / 3);
      onTestFinished(async () => {
        clearInterval(renewing);
        await Promise.all([announcer.kill(), watching.kill()]);
        await lan.dispose();
      });
      const events: WatchEvent[] = [];
      void (async () => {
        for await (const event of watching.open().watch()) events.push(event);
      })();
      const count = (type: string) => events.filter((event) => event.type === type).length;
      await expect.poll(() => count('create'), { timeout: 20_000 }).toBe(services);
      await lan.lose(lossy, 30);
      // The adapter must lose no living node at any time, so the test watches while real time passes.
      await new Promise((resolve) => setTimeout(resolve, lossMs));
      const lost = await lan.lost(lossy);
      console.log(`30 % loss at host ${lossy}: ${lost} packets lost, ${count('delete')} services reported gone`);
      expect(lost).toBeGreaterThan(lostAtLeast);
      expect(events.filter(({ type }) => type !== 'create' && type !== 'synced')).toEqual([]);
      // The watcher reports dead nodes, so it was not deaf.
      await announcer.kill();
      await expect.poll(() => count('delete'), { timeout: 20_000 }).toBe(services);
    },
  );
});
