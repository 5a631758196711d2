#!/usr/bin/env node
// Committed, so that the package manager can link it before the first build.
import { existsSync } from 'node:fs';
import { freshBundle } from './fresh-bundle.js';

const main = freshBundle() ?? new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  const { main: run } = await import(main.href);
  await run(process.argv);
} else {
  process.stderr.write('rollcall is not built yet: run `npm start` or `npm test` once in the root of the repository\n');
  process.exitCode = 1;
}
