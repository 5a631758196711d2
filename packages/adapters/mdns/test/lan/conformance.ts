import { afterAll, beforeAll, describe, it } from 'vitest';
import { canMakeLan, Lan } from '../../../../backends/src/index.ts';
import { describeRegistry, type TestRunner } from '../../../../conformance/src/index.ts';
import { mdns } from '../../src/index.ts';
import { Member } from './member.ts';

/**
 * Every case of one part of the suite. On two hosts, by turns, where this process may make them; else on loopback. The
 * parts are files of their own, since nearly all of their time is waiting.
 */
export function conformance(part: number, parts: number): void {
  let cases = 0;
  const runner: TestRunner = {
    describe,
    it: (name, body, timeoutMs) => {
      cases += 1;
      if (cases % parts === part) it(name, body, timeoutMs);
    },
  };
  if (!canMakeLan()) {
    describeRegistry('mdns on loopback', { open: (options) => mdns({ ...options, addresses: ['lo'] }) }, runner);
    return;
  }
  let lan: Lan;
  let members: readonly Member[] = [];
  let opened = 0;
  beforeAll(async () => {
    lan = await Lan.create();
    members = [await Member.on(lan, 'a'), await Member.on(lan, 'b')];
  }, 60_000);
  afterAll(async () => {
    for (const member of members) await member.kill();
    await lan.dispose();
  });
  const open = (options: Parameters<Member['open']>[0]) => {
    opened += 1;
    return (members[opened % 2] as Member).open(options);
  };
  describeRegistry('mdns between two hosts', { open: (options) => open(options) }, runner);
}
