import { RegistryError } from '@rollcall/core';
import { aborted } from '@rollcall/core/adapter';
import { manualClock } from '@rollcall/core/testing';
import { expect, it } from 'vitest';
import type { AgentLink } from '../src/agents/agent-link.ts';
import { Agents } from '../src/agents/agents.ts';
import { AnswerError } from '../src/consul-error.ts';

/** Two healthy agents, and a record of which agent is asked. */
function two() {
  const clock = manualClock();
  const link = (name: string) => ({ name, probe: async () => {}, close: () => {} }) as unknown as AgentLink;
  const agents = new Agents([link('a'), link('b')], clock);
  const ask = (signal = new AbortController().signal): Promise<string> =>
    agents.run(signal, async (asked) => (asked as unknown as { readonly name: string }).name);
  return { clock, agents, ask };
}

it('after a call that ended at its own deadline, the next calls still go to the same agent', async () => {
  const { agents, ask } = two();
  expect(await ask()).toBe('a');
  const call = new AbortController();
  const slow = agents.run(call.signal, async (_, signal) => {
    await aborted(signal);
    throw signal.reason;
  });
  call.abort(new RegistryError('TIMEOUT', 'too slow for its caller'));
  await expect(slow).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(await ask()).toBe('a');
});

it('after an agent fails a call, this call and later ones go to the next agent', async () => {
  const { agents, ask } = two();
  let failures = 0;
  const asked = await agents.run(new AbortController().signal, async (link) => {
    failures += 1;
    if (failures === 1) throw new AnswerError('answered 503', { status: 503 });
    return (link as unknown as { readonly name: string }).name;
  });
  expect([asked, await ask(), await ask()]).toEqual(['b', 'b', 'b']);
});
