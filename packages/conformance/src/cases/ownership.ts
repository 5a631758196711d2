import assert from 'node:assert/strict';
import type { Registry, ServiceInput } from '@rollcall/core';
import type { Concern } from '../case.ts';
import { shortTtlMs } from '../defaults.ts';
import type { CaseContext } from '../kit/context.ts';
import { rejects } from '../kit/expect.ts';
import { rowsOf } from '../kit/roll.ts';
import { changed, fullService, node, service } from '../kit/samples.ts';
import { pause } from '../kit/waiting.ts';

/** The result of a contest for one id: its holder and its content. */
interface Contest {
  readonly winner: Registry;
  readonly loser: Registry;
  readonly held: ServiceInput;
  readonly refused: ServiceInput;
}

/** Two objects register one id: the later one holds it where the backend takes over, otherwise the first keeps it. */
async function contest(context: CaseContext, name: string, ttlMs?: number): Promise<Contest> {
  const [first, second] = await context.openTwo();
  const options = ttlMs === undefined ? {} : { ttlMs };
  const earlier = service(name);
  const later = changed(earlier, 'later');
  await first.register(earlier, options);
  await context.shows(second, name, [earlier]);
  if (context.capabilities.takesOver) {
    await second.register(later, options);
    return { winner: second, loser: first, held: later, refused: earlier };
  }
  const conflict = { code: 'CONFLICT', mentions: ['n1'], withinMs: context.settleMs } as const;
  await rejects('the first register of a held id', conflict, () => second.register(later, options));
  return { winner: first, loser: second, held: earlier, refused: later };
}

/** Cases about the object that holds a node. */
export const ownership: Concern = {
  concern: 'ownership',
  cases: {
    'the first register of a held id takes it over or is CONFLICT, as takesOver declares': async (context) => {
      const name = context.name();
      const { winner, loser, held } = await contest(context, name);
      await context.shows(winner, name, [held]);
      await context.shows(loser, name, [held]);
    },

    'watchers see a takeover as an update, and nothing of a refused one': async (context) => {
      const name = context.name();
      const watching = await context.open();
      const seen = context.observe(watching, { name });
      const { held } = await contest(context, name);
      await seen.settlesTo([held]);
      assert(!seen.events.some((event) => event.type === 'delete'), 'a delete was told');
    },

    'a renewal by an object that lost the node is CONFLICT and writes nothing': async (context) => {
      const name = context.name();
      const { winner, loser, held, refused } = await contest(context, name);
      const conflict = { code: 'CONFLICT', withinMs: context.settleMs } as const;
      await rejects('a renewal', conflict, () => loser.register(refused));
      await rejects('a second renewal', conflict, () => loser.register(refused));
      await context.shows(winner, name, [held]);
    },

    'changed content from an object that lost the node is CONFLICT and writes nothing': async (context) => {
      const name = context.name();
      const { winner, loser, held, refused } = await contest(context, name);
      const seen = context.observe(winner, { name });
      await seen.settlesTo([held]);
      const conflict = { code: 'CONFLICT', mentions: ['n1'], withinMs: context.settleMs } as const;
      await rejects('a renewal', conflict, () => loser.register(refused));
      const [moved] = [{ ...refused, version: '9', nodes: [node('n1', '192.0.2.99:99')] }];
      await rejects('changed content', conflict, () => loser.register(changed(refused, 'from the loser')));
      await rejects('another version', conflict, () => loser.register(moved));
      // The refused node is not written either when the same call has a free node.
      const beside = { ...changed(refused, 'beside'), nodes: [...changed(refused, 'beside').nodes, node('free')] };
      await rejects('one of two', conflict, () => loser.register(beside));
      await winner.register(service(name, ['sentinel']));
      await seen.until('the sentinel', () => seen.state.some((one) => one.nodes[0]?.id === 'sentinel'));
      const told = seen.state.filter((one) => one.nodes[0]?.id === 'n1');
      assert.deepEqual(rowsOf(told), rowsOf([held]));
      assert(!seen.events.some(({ type }) => type === 'update' || type === 'delete'), 'a change was told');
    },

    'changed content from an object that has not heard of its loss is CONFLICT and writes nothing': async (context) => {
      const name = context.name();
      const { winner, loser, held, refused } = await contest(context, name);
      const conflict = { code: 'CONFLICT', mentions: ['n1'], withinMs: context.settleMs } as const;
      await rejects('changed content', conflict, () => loser.register(changed(refused, 'unaware')));
      await rejects('the same again', conflict, () => loser.register(changed(refused, 'unaware')));
      await context.shows(winner, name, [held]);
    },

    'a first register with the same content from another object is a takeover as well': async (context) => {
      const [first, second] = await context.openTwo();
      const name = context.name();
      const conflict = { code: 'CONFLICT', mentions: ['n1'], withinMs: context.settleMs } as const;
      await first.register(service(name));
      await context.shows(second, name, [service(name)]);
      const [winner, loser] = context.capabilities.takesOver ? [second, first] : [first, second];
      if (winner === second) await second.register(service(name));
      await rejects('a register by the loser', conflict, () => loser.register(service(name)));
      await loser.close();
      // If the loser had withdrawn the node, this renewal would find none, and a watcher would hear a create.
      const seen = context.observe(winner, { name });
      await seen.settlesTo([service(name)]);
      await winner.register(service(name, ['n1', 'sentinel']));
      await seen.settlesTo([service(name, ['n1', 'sentinel'])]);
    },

    'the message of a CONFLICT names the node': async (context) => {
      const name = context.name();
      const { loser, refused } = await contest(context, name);
      const conflict = { code: 'CONFLICT', mentions: ['n1'], withinMs: context.settleMs } as const;
      const error = await rejects('a renewal', conflict, () => loser.register(refused));
      assert.equal(error.retryable, false);
    },

    'the holder renews although another object contends for the id': async (context) => {
      const name = context.name();
      const { winner, loser, held } = await contest(context, name);
      await winner.register(held);
      await context.shows(loser, name, [held]);
    },

    'close does not withdraw what another holds': async (context) => {
      const name = context.name();
      const { winner, loser, held } = await contest(context, name);
      const seen = context.observe(winner, { name });
      await seen.settlesTo([held]);
      await loser.close();
      await winner.register(service(name, ['sentinel']));
      await seen.settlesTo([held, service(name, ['sentinel'])]);
      await context.shows(winner, name, [held, service(name, ['sentinel'])]);
    },

    'close withdraws the nodes that the object still holds, and not those that it lost': async (context) => {
      const name = context.name();
      const { winner, loser, held } = await contest(context, name);
      await loser.register(service(name, ['kept']));
      await context.shows(winner, name, [held, service(name, ['kept'])]);
      await loser.close();
      await context.shows(winner, name, [held]);
    },

    'an id is free after its holder has withdrawn it': async (context) => {
      const name = context.name();
      const { winner, loser, refused } = await contest(context, name);
      await winner.deregister(refused);
      await context.shows(loser, name, []);
      const fresh = await context.open();
      await fresh.register(refused);
      await context.shows(winner, name, [refused]);
    },

    'an object that deregistered its node can take it over again': async (context) => {
      const [first, second] = await context.openTwo();
      const name = context.name();
      await first.register(service(name));
      await first.deregister(service(name));
      await second.register(changed(service(name)));
      await context.shows(first, name, [changed(service(name))]);
      const again = (): Promise<void> => first.register(service(name));
      if (context.capabilities.takesOver) await again();
      else await rejects('a register of a held id', { code: 'CONFLICT', withinMs: context.settleMs }, again);
      const held = context.capabilities.takesOver ? service(name) : changed(service(name));
      await context.shows(second, name, [held]);
    },

    "a renewal of a node that expired and is another's now is CONFLICT": async (context) => {
      const [first, second] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const mine = changed(service(name), 'mine');
      await first.register(service(name), { ttlMs });
      await context.shows(second, name, [service(name)]);
      await context.shows(second, name, [], ttlMs + context.capabilities.expirySlackMs + context.settleMs);
      await second.register(mine);
      await context.shows(first, name, [mine]);
      const conflict = { code: 'CONFLICT', mentions: ['n1'], withinMs: context.settleMs } as const;
      await rejects('a renewal', conflict, () => first.register(service(name), { ttlMs }));
      await context.shows(second, name, [mine]);
    },

    'a renewal of a node that another removed and registered is CONFLICT': async (context) => {
      const [first, second] = await context.openTwo();
      const name = context.name();
      const mine = changed(service(name), 'mine');
      await first.register(service(name));
      await context.shows(second, name, [service(name)]);
      // Where only the owner can remove it, another object can register it only after that.
      const owns = context.capabilities.removesOthers === 'own';
      await (owns ? first : second).deregister(service(name));
      await context.shows(second, name, []);
      await second.register(mine);
      await context.shows(first, name, [mine]);
      const conflict = { code: 'CONFLICT', mentions: ['n1'], withinMs: context.settleMs } as const;
      if (!owns || !context.capabilities.takesOver)
        await rejects('a renewal', conflict, () => first.register(service(name)));
      await context.shows(second, name, [mine]);
    },

    'nodes left by close({ withdraw: false }) can be taken over': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      await registry.register(service(name), { ttlMs: context.ttlMs(60_000) });
      await context.shows(other, name, [service(name)]);
      await registry.close({ withdraw: false });
      await other.register(changed(service(name)), { ttlMs: context.ttlMs(60_000) });
      await context.shows(other, name, [changed(service(name))]);
    },

    'when the lease of a dead object ends, a node that another has taken over stays': async (context) => {
      const [registry, other] = await context.openTwo();
      const name = context.name();
      const ttlMs = context.ttlMs(shortTtlMs);
      const held = fullService(name);
      await registry.register(held, { ttlMs });
      await context.shows(other, name, [held]);
      await registry.close({ withdraw: false });
      await other.register(held, { ttlMs: context.ttlMs(600_000) });
      const seen = context.observe(other, { name });
      await seen.settlesTo([held]);
      // By then the lease has ended, and the backend has removed the node.
      await pause(ttlMs + context.capabilities.expirySlackMs + context.capabilities.propagationMs);
      await context.shows(await context.open(), name, [held]);
      assert(!seen.events.some(({ type }) => type === 'update' || type === 'delete'), 'a change was told');
    },
  },
};
