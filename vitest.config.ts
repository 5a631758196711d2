import { defineConfig } from 'vitest/config';
import { leftOut } from './scripts/lanes.js';

// Both lists: without the ssr one, packages resolve to dist, which a fresh clone does not have.
const conditions = ['rollcall-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{packages,examples,interop}/*/test/**/*.test.ts'],
    globalSetup: ['scripts/vitest-build.ts'],
    exclude: leftOut(),
    // Most of the tests' time is waiting: also on two cores, where one worker would be the default.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
