import { execFileSync } from 'node:child_process';

/** Tests that start processes run what is built: let it be what is written. */
export default function build(): void {
  execFileSync('npx', ['tsc', '-b'], { stdio: 'inherit' });
}
