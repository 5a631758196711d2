import { defineConfig } from 'vitest/config';

// Both lists: without the ssr one, packages resolve to dist, which a fresh clone does not have.
const conditions = ['rollcall-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts'],
    globalSetup: ['scripts/vitest-build.ts'],
    // The three-server suite restarts a server for each of its cases.
    exclude:
      process.env.ROLLCALL_QUICK === undefined ? [] : ['packages/discovery/test/conformance-three-servers.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
