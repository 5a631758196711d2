import type { Capabilities } from '@rollcall/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Case, registryCases } from '../../src/index.ts';
import { shelfHarness } from './shelf-registry.ts';

/** Only the process is shared: the backend is each case's own. */
const alone = (one: Case): boolean => one.alone === 'process';

/** Runs all cases, each on a backend of its own so that they may run at the same time and break it. */
export function describeShelf(name: string, limits: Partial<Capabilities>): void {
  const declare = (one: Case, index: number): void =>
    it(`${one.concern}: ${one.title}`, async () => registryCases(shelfHarness(limits))[index]?.run(), 60_000);
  const cases = registryCases(shelfHarness(limits));
  describe.concurrent(name, () => {
    // A count of what the process holds is wrong while other cases run in it.
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
