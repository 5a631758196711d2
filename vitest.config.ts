import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { leftOut } from './scripts/lanes.js';

// Both lists: without the ssr one, packages resolve to dist, which a fresh clone does not have.
const conditions = ['rollcall-source'];

const minutes = /\/(?:conformance[^/]*|loss|life|rounds|restarts|interop|faults)\.test\.ts$|go-micro\/test\/mdns/;

/**
 * Begins with what takes minutes, so that the run does not end with it alone. The tests of mDNS, which only wait, take turns
 * with those that keep real backends busy.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const long = sorted.filter(({ moduleId }) => minutes.test(moduleId));
    const idle = long.filter(({ moduleId }) => moduleId.includes('mdns'));
    const busy = long.filter((file) => !idle.includes(file));
    const turns = idle.flatMap((file, index) => [file, ...busy.slice(index, index + 1)]);
    return [...turns, ...busy.slice(idle.length), ...sorted.filter((file) => !long.includes(file))];
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{packages,packages/adapters,examples,interop}/*/test/**/*.test.ts', 'scripts/test/*.test.ts'],
    globalSetup: ['scripts/vitest-build.ts'],
    exclude: leftOut(),
    // Most of the time of the tests is waiting: more of them at a time than there are cores.
    maxWorkers: 3,
    maxConcurrency: Number(process.env.MC ?? 10),
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
