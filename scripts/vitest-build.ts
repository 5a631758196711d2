import { execFileSync } from 'node:child_process';

/** Builds the packages before the tests: tests that start processes run the built code, which must match the source. */
export default function build(): void {
  execFileSync('npx', ['tsc', '-b'], { stdio: 'inherit' });
}
