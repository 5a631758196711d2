import type { Capabilities } from '@rollcall/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Case, registryCases } from '../../src/index.ts';
import { shelfHarness } from './shelf-registry.ts';

/** True for a case that must have the process to itself. Cases share the process, but each has its own backend. */
const alone = (one: Case): boolean => one.alone === 'process';

/** Runs all cases. Each case has its own backend, so that the cases can run at the same time and break it. */
export function describeShelf(name: string, limits: Partial<Capabilities>): void {
  const declare = (one: Case, index: number): void =>
    it(`${one.concern}: ${one.title}`, async () => registryCases(shelfHarness(limits))[index]?.run(), 60_000);
  const cases = registryCases(shelfHarness(limits));
  describe.concurrent(name, () => {
    // No concurrent case may count the resources of the process: other cases in the process change the count.
    beforeAll(() => void vi.spyOn(process, 'getActiveResourcesInfo'));
    afterAll(() => {
      expect(process.getActiveResourcesInfo).not.toHaveBeenCalled();
      vi.restoreAllMocks();
    });
    for (const [index, one] of cases.entries()) if (!alone(one)) declare(one, index);
  });
  describe(`${name}, one at a time`, () => {
    for (const [index, one] of cases.entries()) if (alone(one)) declare(one, index);
  });
}
