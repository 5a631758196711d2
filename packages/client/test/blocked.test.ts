/** A caller whose event loop was blocked must not blame the nodes for answers and connections that it noticed late. */
import { type Clock, systemClock } from '@rollcall/core';
import { describe, expect, it } from 'vitest';
import { InFlight } from '../src/call/in-flight.ts';
import { createClient } from '../src/index.ts';
import { NodeState } from '../src/rule/node-state.ts';
import { parseClientOptions } from '../src/settings/client-settings.ts';
import type { FollowedService } from '../src/shell/followed-service.ts';
import { Prober, tcpConnect } from '../src/shell/prober.ts';
import { eventually, fleet, notebook, says } from './fleet.ts';
import { remoteNode } from './golden/play.ts';

const { logger } = notebook();

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/**
 * A clock that jumps when the test says so. Timers that came due in the jump run after the jump, as after a blocked
 * loop.
 */
function jumpingClock(): Clock & { jump(ms: number): void } {
  let now = 0;
  let timers: { readonly atMs: number; readonly run: () => void }[] = [];
  return {
    now: () => now,
    wallNow: () => now,
    setTimer(delayMs, run) {
      const timer = { atMs: now + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    jump(ms) {
      now += ms;
      const due = timers.filter(({ atMs }) => atMs <= now);
      timers = timers.filter(({ atMs }) => atMs > now);
      for (const { run } of due) run();
    },
  };
}

describe('a caller that was blocked', () => {
  it('a blocked process does not call a node unreachable when it saw the connection too late', async () => {
    await using users = await fleet('users', says('a'));
    const [host = '', port] = users.members[0]?.address.split(':') ?? [];
    const node = { ...remoteNode('0'), host, port: Number(port) };
    const prober = new Prober({ probe: tcpConnect, clock: systemClock, timeoutMs: 100, random: () => 0 });
    const answers: string[] = [];
    prober.ask(node, (answer) => void answers.push(answer));
    block(200);
    await eventually(() => answers.length === 1, 'an answer');
    expect(answers).toEqual(['connected']);
    prober.close();
  });

  it('a blocked process learns nothing from a probe whose deadline came late', async () => {
    const { probe } = parseClientOptions({ probe: () => new Promise(() => {}) });
    if (!probe) throw new Error('no probe');
    const prober = new Prober({ probe, clock: systemClock, timeoutMs: 100, random: () => 0 });
    const answers: string[] = [];
    prober.ask(remoteNode('0'), (answer) => void answers.push(answer));
    block(600);
    await eventually(() => answers.length === 1, 'an answer');
    prober.ask(remoteNode('0'), (answer) => void answers.push(answer));
    await eventually(() => answers.length === 2, 'another answer');
    expect(answers).toEqual(['unknown', 'unreachable']);
    prober.close();
  });

  it('a blocked process does not give up calls whose answers it has not read yet', async () => {
    const given: string[] = [];
    const clock = jumpingClock();
    const inFlight = new InFlight(clock);
    const state = new NodeState(remoteNode('0'), 0);
    const service = { rule: { board: { states: new Map() } } } as unknown as FollowedService;
    inFlight.add({ state, service, startedAtMs: 0, askAtMs: 0, onDead: () => void given.push(`${clock.now()}`) });
    // One step of two seconds: the sweep that was due at 250 ms runs at 2,000 ms.
    clock.jump(2_000);
    expect(given).toEqual([]);
    clock.jump(250);
    expect(given).toEqual(['2250']);
    inFlight.close();
  });
});

describe('a call to a node that seems dead', () => {
  it('a call that may not be repeated keeps waiting for a node that seems dead, and gets its answer', async () => {
    let answer = (): void => {};
    await using users = await fleet('users', (_request, response) => {
      answer = () => void response.end('late');
    });
    let isDead = false;
    const probe = async (): Promise<void> => {
      if (isDead) throw new Error('no connection within 1000 ms');
    };
    await using client = createClient(users.registry, { logger, probe, retryShare: 0 });
    await client.ready('users');
    const call = client.fetch('http://users/');
    await eventually(() => users.members[0]?.calls === 1, 'the call');
    isDead = true;
    await eventually(() => client.service('users').state.nodes[0]?.tier === 'unreachable', 'unreachable');
    await new Promise((resolve) => setTimeout(resolve, 600));
    answer();
    expect(await (await call).text()).toBe('late');
  });
});
