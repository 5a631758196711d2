import assert from 'node:assert/strict';
import type { Concern } from '../case.ts';
import { assertServices } from '../kit/roll.ts';
import { changed, service } from '../kit/samples.ts';

/** Calls of one object on one node take effect in call order, awaited or not. */
export const callOrder: Concern = {
  concern: 'call order',
  cases: {
    'a node is gone after register and deregister in that order': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      await Promise.all([registry.register(service(name)), registry.deregister(service(name))]);
      await context.shows(registry, name, []);
      await registry.register(service(name, ['sentinel']));
      await seen.settlesTo([service(name, ['sentinel'])]);
    },

    'a node is there after deregister and register in that order': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      await Promise.all([registry.deregister(service(name)), registry.register(service(name))]);
      assertServices(await registry.getService(name), [service(name)]);
      await context.shows(other, name, [service(name)]);
    },

    'two calls that share one node take effect in call order for that node': async (context) => {
      const registry = await context.open();
      const name = context.name();
      await Promise.all([
        registry.register(service(name, ['a', 'b'], '1')),
        registry.register(service(name, ['b', 'c'], '2')),
        registry.register(service(name, ['c', 'a'], '3')),
        registry.deregister(service(name, ['b'])),
      ]);
      await context.shows(registry, name, [service(name, ['a', 'c'], '3')]);
    },

    'a refused call between two others does not hold them up': async (context) => {
      const registry = await context.open();
      const name = context.name();
      const calls = await Promise.allSettled([
        registry.register(service(name, ['n1'], '1')),
        registry.register({ ...service(name), version: 'ä' }),
        registry.register(service(name, ['n1'], '2'), { signal: AbortSignal.abort() }),
        registry.register(service(name, ['n1'], '3')),
      ]);
      assert.deepEqual(
        calls.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
      );
      assertServices(await registry.getService(name), [service(name, ['n1'], '3')]);
    },

    'close takes effect after the writes that were called before it': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name));
      const writes = ['1', '2', '3'].map((mark) => registry.register(changed(service(name), mark)).catch(() => {}));
      await registry.close();
      await Promise.all(writes);
      await context.shows(other, name, []);
    },
  },
  burstCases: {
    'after many alternating calls the node is as the last call says': async (context) => {
      const [registry, other] = await context.openTwo();
      const [there, gone] = [context.name('there'), context.name('gone')];
      const calls: Promise<void>[] = [];
      for (let index = 0; index < 15; index += 1) {
        calls.push(registry.deregister(service(there)), registry.register(changed(service(there), `${index}`)));
        calls.push(registry.register(changed(service(gone), `${index}`)), registry.deregister(service(gone)));
      }
      await Promise.all(calls);
      await context.shows(registry, gone, []);
      assertServices(await registry.getService(there), [changed(service(there), '14')]);
      await context.shows(other, there, [changed(service(there), '14')]);
      await context.shows(other, gone, []);
    },

    'after many simultaneous registers of one node the last content stays': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      const marks = Array.from({ length: 30 }, (_, index) => `${index}`);
      await Promise.all(marks.map((mark) => registry.register(changed(service(name), mark))));
      assertServices(await registry.getService(name), [changed(service(name), '29')]);
      await seen.settlesTo([changed(service(name), '29')]);
    },
  },
};
