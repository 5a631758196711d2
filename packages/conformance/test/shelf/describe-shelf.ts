import type { Capabilities } from '@rollcall/core';
import { describe, it } from 'vitest';
import { type Case, registryCases } from '../../src/index.ts';
import { shelfHarness } from './shelf-registry.ts';

/** They count what the whole process holds, so nothing may run beside them. */
const alone = ({ concern, title }: Case): boolean => concern === 'lifecycle' && /alive|handle/.test(title);

/** Runs all cases, each on a backend of its own so that they may run at the same time and break it. */
export function describeShelf(name: string, limits: Partial<Capabilities>): void {
  const declare = (one: Case, index: number): void =>
    it(`${one.concern}: ${one.title}`, async () => registryCases(shelfHarness(limits))[index]?.run(), 60_000);
  const cases = registryCases(shelfHarness(limits));
  describe.concurrent(name, () => {
    for (const [index, one] of cases.entries()) if (!alone(one)) declare(one, index);
  });
  describe(`${name}, one at a time`, () => {
    for (const [index, one] of cases.entries()) if (alone(one)) declare(one, index);
  });
}
