import { faulty } from '@rollcall/core/testing';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/index.ts';
import { eventually, type Fleet, fleet, notebook, says } from '../fleet.ts';
import { blackHole } from './black-hole.ts';
import { isLong, pause } from './stage.ts';

const { logger } = notebook();
const alive = Array.from({ length: 10 }, (_, index) => says(`n${index}`));

async function bury({ registry }: Fleet, name: string, port: number): Promise<void> {
  const nodes = Array.from({ length: 1_000 }, (_, index) => ({
    id: `dead-${index}`,
    address: `127.${1 + Math.floor(index / 250)}.1.${1 + (index % 250)}:${port}`,
  }));
  await registry.register({ name, version: '1.0.0', nodes });
}

/** A loopback port on which nothing listens. fetch itself refuses some ports, such as port 1, but not this one. */
async function closedPort(): Promise<number> {
  await using one = await fleet('gone', says('gone'));
  return Number(one.members[0]?.address.split(':').at(-1));
}

const timeOf = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

async function refused(count: number, port: number): Promise<void> {
  const calls = Array.from({ length: count }, (_, index) => fetch(`http://127.0.1.${index % 250}:${port}/`));
  await Promise.allSettled(calls);
}

/** Makes 200 calls a second for `ms`; returns the times of the successful calls, and how many calls failed. */
async function callFor(ms: number, call: () => Promise<unknown>): Promise<{ failed: number; times: number[] }> {
  const [times, pending] = [[] as number[], [] as Promise<void>[]];
  let failed = 0;
  const startedAt = performance.now();
  while (performance.now() - startedAt < ms) {
    for (let due = ((performance.now() - startedAt) / 1_000) * 200; pending.length < due; ) {
      const begunAt = performance.now();
      const note = (): void => void times.push(performance.now() - begunAt);
      const fail = (): void => {
        failed += 1;
      };
      pending.push(call().then(note, fail));
    }
    await pause(5);
  }
  await Promise.all(pending);
  return { failed, times: times.sort((a, b) => a - b) };
}

describe('a client that starts cold', () => {
  it.each(['refuse', 'swallow'])(
    'a client that starts cold fails no call to ten living nodes beside a thousand dead ones that %s connections, with a p99 below 2 s',
    {
      timeout: 60_000,
    },
    async (how) => {
      await using hole = how === 'swallow' ? await blackHole() : undefined;
      await using greeters = await fleet('greeter', ...alive);
      // The client is cold, but the process is not: the first fetch of a process loads much of Node.
      await (await fetch(`http://${greeters.members[0]?.address}/`)).text();
      const closed = await closedPort();
      // The test also makes as many calls by a bare fetch as there are dead nodes, since on a busy machine those are
      // slow too.
      const bare = await timeOf(() => refused(1_000, closed));
      await bury(greeters, 'greeter', hole?.port ?? closed);
      await using client = createClient(greeters.registry, { logger });
      const { failed, times } = await callFor(10_000, async () => (await client.fetch('http://greeter/')).text());
      const p99 = times[Math.floor(times.length * 0.99)] ?? Number.POSITIVE_INFINITY;
      console.log(
        `1,000 dead that ${how}: ${times.length} calls, ${failed} failed, p99 ${p99.toFixed(0)} ms (1,000 refused by bare fetch: ${bare.toFixed(0)} ms)`,
      );
      expect(failed).toBe(0);
      expect(p99).toBeLessThan(Math.max(2_000, 4 * bare));
    },
  );
});

describe('a client under load', () => {
  it('a client under load loses no call while the registry answers that there are no nodes', {
    timeout: 400_000,
  }, async () => {
    await using greeters = await fleet('greeter', ...alive);
    const registry = faulty(greeters.registry);
    await using client = createClient(registry, { logger });
    const call = async (): Promise<string> => (await client.fetch('http://greeter/')).text();
    await callFor(1_000, call);
    registry.answerEmpty();
    await eventually(() => client.service('greeter').state.status === 'holding', 'holding');
    expect((await callFor(isLong ? 300_000 : 7_000, call)).failed).toBe(0);
    registry.up();
    await eventually(() => client.service('greeter').state.status === 'live', 'live');
    expect((await callFor(1_000, call)).failed).toBe(0);
    expect(client.service('greeter').nodes).toHaveLength(10);
  });

  it('a client under load empties its view within 7 s when the registry lists no nodes and the nodes are dead', async () => {
    await using greeters = await fleet('greeter', ...alive);
    const registry = faulty(greeters.registry);
    await using client = createClient(registry, { logger });
    await callFor(500, async () => (await client.fetch('http://greeter/')).text());
    await Promise.all(greeters.members.map((member) => member.kill()));
    registry.answerEmpty();
    const startedAt = performance.now();
    await eventually(() => client.service('greeter').nodes.length === 0, 'an empty view');
    expect(performance.now() - startedAt).toBeLessThan(7_000);
  });

  it('a client under load takes traffic from a node that answers 500 and from a slow one', {
    timeout: 60_000,
  }, async () => {
    const slow = says('slow');
    const handlers = [
      ...alive.slice(2),
      says('broken', 500),
      (...args: Parameters<typeof slow>) => void setTimeout(() => slow(...args), 5_000),
    ];
    await using greeters = await fleet('greeter', ...handlers);
    await using client = createClient(greeters.registry, { logger });
    await callFor(4_000, async () => (await client.fetch('http://greeter/')).text());
    const total = greeters.members.reduce((sum, { calls }) => sum + calls, 0);
    const [broken = 0, late = 0] = greeters.members.slice(-2).map(({ calls }) => calls / total);
    console.log(
      `of ${total} calls: ${(broken * 100).toFixed(1)} % to the one that answers 500, ${(late * 100).toFixed(1)} % to the slow one (10 % each if even)`,
    );
    expect(broken).toBeLessThan(0.05);
    expect(late).toBeLessThan(0.05);
  });
});
