import { statSync } from 'node:fs';

const bundle = new URL('../bundle/main.js', import.meta.url);
/** The parts of the bundle in a checkout: what `tsc -b` wrote last in each package, and the libraries. */
const parts = [
  ...['core', 'protocol', 'service', 'server', 'cli', 'adapters/memory', 'adapters/discovery'].map(
    (name) => `../../${name}/tsconfig.tsbuildinfo`,
  ),
  '../../../pnpm-lock.yaml',
].map((path) => new URL(path, import.meta.url));

/**
 * Answers where the bundle is; undefined: there is none, or a part is newer, as after `tsc -b`. Node loads the few
 * files of the bundle several times sooner than the hundreds of files in `dist`.
 */
export function freshBundle() {
  const made = timeOf(bundle);
  return made !== undefined && parts.every((part) => (timeOf(part) ?? 0) < made) ? bundle : undefined;
}

/** @param {URL} file */
const timeOf = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs;
