import { defineConfig } from 'vitest/config';

// Both lists: without the ssr one, packages resolve to dist, which a fresh clone does not have.
const conditions = ['rollcall-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts'],
    globalSetup: ['scripts/vitest-build.ts'],
    // One restarts a server for each case of the suite, one goes two hundred rounds.
    exclude:
      process.env.ROLLCALL_QUICK === undefined
        ? []
        : ['packages/discovery/test/conformance-three-servers.test.ts', 'packages/discovery/test/rounds.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
