import type { ServiceInput, Value } from '@rollcall/core';
import type { Concern } from '../case.ts';
import type { CaseContext } from '../kit/context.ts';
import { changed, endpoint, fullService, node, service } from '../kit/samples.ts';

/** Checks that the second of two registrations is a renewal: a watcher must hear only of the first. */
async function isNoNews(context: CaseContext, first: ServiceInput, again: ServiceInput): Promise<void> {
  const [registry, other] = await context.openTwo();
  const seen = context.observe(other, { name: first.name });
  await registry.register(first);
  await seen.settlesTo([first]);
  const told = seen.events.length;
  await registry.register(again);
  // A change that watchers must hear, so that the case knows how far the watcher is.
  await registry.register({ ...service(first.name, ['sentinel'], 'sentinel') });
  await seen.settlesTo([first, service(first.name, ['sentinel'], 'sentinel')]);
  const [id] = first.nodes.map((item) => item.id);
  const news = seen.events.slice(told).find((event) => 'service' in event && event.service.nodes[0]?.id === id);
  if (news !== undefined) throw new Error(`a renewal was told as ${news.type}`);
}

/** Renewals: a register with the same content as before. */
export const renew: Concern = {
  concern: 'renew',
  cases: {
    'a renewal with the same content makes no event': async (context) => {
      const full = fullService(context.name());
      await isNoNews(context, full, structuredClone(full));
    },

    'metadata in another order is the same content': async (context) => {
      const name = context.name();
      const of = (metadata: Record<string, string>): ServiceInput => ({
        name,
        metadata,
        endpoints: [{ name: 'E', metadata }],
        nodes: [node('n1', '192.0.2.1:80', metadata)],
      });
      await isNoNews(context, of({ a: '1', b: '2', c: '3' }), of({ c: '3', a: '1', b: '2' }));
    },

    'absent and empty fields are the same content': async (context) => {
      const name = context.name();
      const bare = { name, nodes: [node('n1')] };
      const empty = { name, version: '', metadata: {}, endpoints: [], nodes: [node('n1', undefined, {})] };
      await isNoNews(context, bare, empty);
    },

    'endpoints or values in another order are changed content': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      const [one, two] = ['one', 'two'].map((value) => ({ name: value, type: 'string' })) as [Value, Value];
      const request = (...values: readonly Value[]): Value => ({ name: 'R', type: 'R', values });
      const variants = [
        { ...service(name), endpoints: [endpoint('A'), { name: 'B', request: request(one, two) }] },
        { ...service(name), endpoints: [endpoint('A'), { name: 'B', request: request(two, one) }] },
        { ...service(name), endpoints: [{ name: 'B', request: request(two, one) }, endpoint('A')] },
      ];
      for (const variant of variants) {
        await registry.register(variant);
        await seen.settlesTo([variant]);
        await context.shows(other, name, [variant]);
      }
    },

    'a renewal with changed content is an update for watchers': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      const ttlMs = context.ttlMs(60_000);
      for (const mark of ['1', '2', '3']) {
        const input = { ...service(name), metadata: { mark } };
        await registry.register(input, { ttlMs });
        await registry.register(input, { ttlMs });
        await seen.settlesTo([input]);
      }
    },

    'a renewal of a node that another object removed writes it again': async (context) => {
      const [registry, other] = await context.openTwo();
      const remover = context.capabilities.removesOthers === 'own' ? registry : other;
      const name = context.name();
      const seen = context.observe(other, { name });
      await registry.register(service(name), { ttlMs: context.ttlMs(60_000) });
      await seen.settlesTo([service(name)]);
      await remover.deregister(service(name));
      await seen.settlesTo([]);
      await registry.register(service(name), { ttlMs: context.ttlMs(60_000) });
      await seen.settlesTo([service(name)]);
      await context.shows(other, name, [service(name)]);
    },

    'a renewal of a removed node writes its last content, not an earlier one': async (context) => {
      const [registry, other] = await context.openTwo();
      const remover = context.capabilities.removesOthers === 'own' ? registry : other;
      const name = context.name();
      const last = { ...changed(service(name)), version: '2', metadata: { mark: 'last' } };
      await registry.register(service(name));
      await registry.register(changed(service(name), 'between'));
      await registry.register(last);
      await context.shows(other, name, [last]);
      await remover.deregister(service(name));
      await context.shows(registry, name, []);
      await registry.register(last);
      await context.shows(registry, name, [last]);
      await context.shows(other, name, [last]);
    },

    'a renewal of two nodes, one of them removed, writes the removed one again': async (context) => {
      const [registry, other] = await context.openTwo();
      const remover = context.capabilities.removesOthers === 'own' ? registry : other;
      const name = context.name();
      await registry.register(service(name, ['a', 'b']));
      await context.shows(other, name, [service(name, ['a', 'b'])]);
      await remover.deregister(service(name, ['b']));
      await context.shows(registry, name, [service(name, ['a'])]);
      await registry.register(service(name, ['a', 'b']));
      await context.shows(other, name, [service(name, ['a', 'b'])]);
    },
  },
  burstCases: {
    'a hundred simultaneous renewals leave one node': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const seen = context.observe(other, { name });
      const ttlMs = context.ttlMs(60_000);
      await Promise.all(Array.from({ length: 100 }, () => registry.register(service(name), { ttlMs })));
      await seen.settlesTo([service(name)]);
    },
  },
};
