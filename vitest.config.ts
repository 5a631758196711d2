import { defineConfig } from 'vitest/config';

// Both lists: without the ssr one, packages resolve to dist, which a fresh clone does not have.
const conditions = ['rollcall-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
