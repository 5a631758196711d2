import type { RegistryOptions } from '@rollcall/core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { canMakeLan, Lan } from '../../../backends/src/index.ts';
import { describeRegistry, type Harness } from '../../../conformance/src/index.ts';
import { mdns } from '../src/index.ts';
import { Member } from './lan/member.ts';

/** Registries on two hosts, by turns. */
function onTwoHosts(): Harness {
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
  return {
    open(options?: RegistryOptions) {
      opened += 1;
      return (members[opened % 2] as Member).open(options);
    },
  };
}

const runner = { describe, it, concurrent: describe.concurrent };
if (canMakeLan()) describeRegistry('mdns between two hosts', onTwoHosts(), runner);
else describeRegistry('mdns on loopback', { open: (options) => mdns({ ...options, addresses: ['lo'] }) }, runner);
