import type { Case } from './case.ts';
import { runnerTimeoutMs } from './defaults.ts';
import type { Harness, TestRunner } from './harness.ts';
import { registryCases } from './registry-cases.ts';

/** Declares cases, with one call of `describe` per concern. */
function declare(cases: readonly Case[], describe: TestRunner['describe'], it: (one: Case) => void): void {
  for (const concern of new Set(cases.map((one) => one.concern))) {
    describe(concern, () => {
      for (const one of cases) if (one.concern === concern) it(one);
    });
  }
}

/**
 * Declares the whole suite with the functions of a test runner: one `describe` per concern, one `it` per case. First
 * come the cases that may run side by side, in the runner's `concurrent`; then those that must have the process to
 * themselves; then those that must have the backend to themselves.
 *
 * @param name The registry's name in the report.
 * @param harnesses One harness; or several of one kind, each on a backend of its own. Cases that must have the backend
 * to themselves are spread over all of them and run side by side, one on each backend. All other cases run on the
 * first.
 * @param runner `{ describe, it }` of vitest, node:test or mocha. Outside of `concurrent` it must run cases one after
 * the other.
 */
export function describeRegistry(name: string, harnesses: Harness | readonly Harness[], runner: TestRunner): void {
  const { describe, it, concurrent = describe, sequential = describe } = runner;
  const all = [harnesses].flat() as readonly Harness[];
  const [{ patience = 1 }] = all as readonly [Harness];
  const test = ({ title, run }: Case): unknown => it(title, run, runnerTimeoutMs * Math.max(1, patience));
  const cases = all.map(registryCases);
  const first = cases[0] ?? [];
  const dealt = cases.map((ones, index) =>
    ones.filter(({ alone }) => alone === 'backend').filter((_, at) => at % all.length === index),
  );
  // All three groups have the same title, because the name of a case does not say where it runs.
  const title = `${name} keeps the contract`;
  concurrent(title, () => {
    declare(
      first.filter(({ alone }) => alone === undefined),
      describe,
      test,
    );
  });
  describe(title, () => {
    declare(
      first.filter(({ alone }) => alone === 'process'),
      describe,
      test,
    );
    if (all.length === 1) declare(dealt[0] ?? [], describe, test);
  });
  if (all.length === 1) return;
  concurrent(title, () => {
    for (const [index, ones] of dealt.entries())
      describe(`backend ${index + 1} of ${all.length}`, () => declare(ones, sequential, test));
  });
}
