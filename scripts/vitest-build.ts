import { execFileSync } from 'node:child_process';
import { bundle } from './bundle.js';

/** Builds the packages before the tests: tests that start processes run the built code, which must match the source. */
export default async function build(): Promise<void> {
  execFileSync('npx', ['tsc', '-b'], { stdio: 'inherit' });
  await bundle();
}
