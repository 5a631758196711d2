import type { Case } from './case.ts';
import { runnerTimeoutMs } from './defaults.ts';
import type { Harness, TestRunner } from './harness.ts';
import { registryCases } from './registry-cases.ts';

/**
 * Declares the whole suite with the functions of a test runner: one `describe` per concern, one `it` per case. First come
 * the cases that may run side by side, in the runner's `concurrent`; then those that must have the process or the backend
 * to themselves.
 *
 * @param name What the report calls the registry.
 * @param runner `{ describe, it }` of vitest, node:test or mocha. Outside of `concurrent` it must run cases of one harness
 * one after the other.
 */
export function describeRegistry(name: string, harness: Harness, runner: TestRunner): void {
  const { describe, it, concurrent = describe } = runner;
  const cases = registryCases(harness);
  const timeoutMs = runnerTimeoutMs * Math.max(1, harness.patience ?? 1);
  const declare = (ones: readonly Case[]): void => {
    for (const concern of new Set(ones.map((one) => one.concern))) {
      describe(concern, () => {
        for (const { title, run } of ones.filter((one) => one.concern === concern)) it(title, run, timeoutMs);
      });
    }
  };
  // The same title for both: where a case runs is no part of its name.
  const title = `${name} keeps the contract`;
  concurrent(title, () => declare(cases.filter(({ alone }) => alone === undefined)));
  describe(title, () => declare(cases.filter(({ alone }) => alone !== undefined)));
}
