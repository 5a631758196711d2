import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { isIn, lane, leftOut } from './scripts/lanes.js';

// Both lists are needed: without the one for ssr, packages resolve to dist, which a fresh clone does not have.
const conditions = ['rollcall-source'];

/** Files that wait for a network rather than keep a machine busy; those that keep real backends busy; all others. */
function rank({ moduleId }: TestSpecification): 'idle' | 'busy' | 'short' {
  const file = relative(import.meta.dirname, moduleId).replaceAll('\\', '/');
  if (isIn('lan', file) || isIn('slow', file)) return 'idle';
  return isIn('any', file) || /\/conformance[^/]*$/.test(file) ? 'busy' : 'short';
}

/**
 * Begins with the files that take long, so that no single long file runs alone at the end. Files that wait and files
 * that keep real backends busy take turns.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const [idle, busy, short] = (['idle', 'busy', 'short'] as const).map((wanted) =>
      sorted.filter((file) => rank(file) === wanted),
    ) as [TestSpecification[], TestSpecification[], TestSpecification[]];
    const turns = idle.flatMap((file, index) => [file, ...busy.slice(index, index + 1)]);
    return [...turns, ...busy.slice(idle.length), ...short];
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include:
      process.env.ROLLCALL_LONG === undefined
        ? ['{packages,packages/adapters,examples,interop}/*/test/**/*.test.ts', '{scripts,bench}/test/*.test.ts']
        : [...lane('long')],
    globalSetup: ['scripts/vitest-build.ts'],
    exclude: leftOut(),
    // Tests mostly wait, so more of them run at a time than there are cores.
    maxWorkers: 4,
    // The number of cases that may run side by side. With more, a slow backend would miss the deadlines of calls.
    maxConcurrency: 6,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
