import { runnerTimeoutMs } from './defaults.ts';
import type { Harness, TestRunner } from './harness.ts';
import { registryCases } from './registry-cases.ts';

/**
 * Declares the whole suite with the functions of a test runner: one `describe` per concern, one `it` per case.
 *
 * @param name What the report calls the registry.
 * @param runner `{ describe, it }` of vitest, node:test or mocha. It must run cases of one harness one after the other.
 */
export function describeRegistry(name: string, harness: Harness, { describe, it }: TestRunner): void {
  const cases = registryCases(harness);
  const timeoutMs = runnerTimeoutMs * Math.max(1, harness.patience ?? 1);
  describe(`${name} keeps the contract`, () => {
    for (const concern of new Set(cases.map((one) => one.concern))) {
      describe(concern, () => {
        for (const { title, run } of cases.filter((one) => one.concern === concern)) it(title, run, timeoutMs);
      });
    }
  });
}
