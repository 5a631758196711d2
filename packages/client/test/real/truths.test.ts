/** How soon a client believes a registry that lists no nodes, when the registry is right. */
import { faulty } from '@rollcall/core/testing';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/index.ts';
import { type Fleet, fleet, notebook, says } from '../fleet.ts';
import { isLong, pause } from './stage.ts';

const { logger } = notebook();
/** The default hold times with `npm run test:long`, else the shortest hold times that the client accepts. */
const guard = isLong ? { holdMs: 60_000, lastHoldMs: 600_000 } : { holdMs: 10_000, lastHoldMs: 10_000 };
const running = (): Promise<Fleet> => fleet('greeter', ...Array.from({ length: 10 }, (_, index) => says(`n${index}`)));

/** A client that has called all nodes; `untilEmpty` waits until the client's view is empty. */
async function scene(greeters: Fleet) {
  const registry = faulty(greeters.registry);
  const client = createClient(registry, { logger, ...(isLong ? {} : { guard }) });
  const service = client.service('greeter');
  const call = async (): Promise<void> => void (await (await client.fetch('http://greeter/')).text());
  for (let index = 0; index < 100; index += 1) await call();
  /** Waits until the view is empty, calling 20 times a second if `calls`; returns the time and the failed calls. */
  const untilEmpty = async (calls: boolean): Promise<{ readonly ms: number; readonly failed: number }> => {
    const startedAt = performance.now();
    let failed = 0;
    for (; service.nodes.length > 0; await pause(50))
      if (calls)
        await call().catch(() => {
          failed += service.nodes.length > 0 ? 1 : 0;
        });
    return { ms: performance.now() - startedAt, failed };
  };
  return { registry, client, service, untilEmpty };
}

const told = (what: string, { ms, failed }: { readonly ms: number; readonly failed: number }): void =>
  console.log(`${what}: the view was empty after ${(ms / 1_000).toFixed(1)} s, ${failed} calls failed before`);

describe.concurrent('a service without nodes, which runs on', { timeout: 700_000 }, () => {
  it("deregistered nodes leave the client's view within holdMs + 1 s although they answer", async () => {
    await using greeters = await running();
    const { client, untilEmpty } = await scene(greeters);
    await greeters.registry.deregister({ name: 'greeter', nodes: greeters.members.map(({ id }) => ({ id })) });
    const end = await untilEmpty(true);
    told('deregistered and called', end);
    expect(end.failed).toBe(0);
    expect(end.ms).toBeGreaterThan(guard.holdMs - 1_000);
    expect(end.ms).toBeLessThan(guard.holdMs + 1_000);
    await client.close();
  });

  it('the last nodes of a service that no caller calls leave the view within holdMs + 1 s', async () => {
    await using greeters = await running();
    const { client, registry, untilEmpty } = await scene(greeters);
    registry.answerEmpty();
    const end = await untilEmpty(false);
    told('vanished and not called', end);
    expect(end.ms).toBeGreaterThan(guard.holdMs - 1_000);
    expect(end.ms).toBeLessThan(guard.holdMs + 1_000);
    await client.close();
  });

  it('nodes that answer and have not deregistered leave the view after lastHoldMs', async () => {
    await using greeters = await running();
    const { client, registry, untilEmpty } = await scene(greeters);
    registry.answerEmpty();
    const end = await untilEmpty(true);
    told('vanished and called', end);
    expect(end.failed).toBe(0);
    expect(end.ms).toBeGreaterThan(guard.lastHoldMs - 1_000);
    expect(end.ms).toBeLessThan(guard.lastHoldMs + 2_000);
    await client.close();
  });
});
