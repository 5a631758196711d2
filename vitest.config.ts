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
    // Most of the time of the tests is waiting: more of them at a time than there are cores.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
