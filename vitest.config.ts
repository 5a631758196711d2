import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { leftOut } from './scripts/lanes.js';

// Both lists: without the ssr one, packages resolve to dist, which a fresh clone does not have.
const conditions = ['rollcall-source'];

/** Begins with what takes minutes, so that the run does not end with it alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const long = ({ moduleId }: TestSpecification): boolean => minutes.test(moduleId);
    return [...sorted.filter(long), ...sorted.filter((file) => !long(file))];
  }
}
const minutes =
  /\/(?:conformance[^/]*|loss|life|rounds|restarts|interop|faults)\.test\.ts$|go-micro\/test\/mdns\.test\.ts$/;

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{packages,examples,interop}/*/test/**/*.test.ts'],
    globalSetup: ['scripts/vitest-build.ts'],
    exclude: leftOut(),
    // Most of the time of the tests is waiting: more of them at a time than there are cores.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
