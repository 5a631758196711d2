import { statSync } from 'node:fs';

const bundle = new URL('../bundle/main.js', import.meta.url);
/** What the bundle is made of, where this is a checkout: the packages, and the libraries. */
const parts = [
  ...['core', 'protocol', 'service', 'server', 'cli', 'adapters/memory', 'adapters/discovery'].map(
    (name) => `../../${name}/tsconfig.tsbuildinfo`,
  ),
  '../../../pnpm-lock.yaml',
].map((path) => new URL(path, import.meta.url));

/**
 * Answers where the bundle is; undefined: there is none, or a part of it is newer, as after `tsc -b`. A few files load
 * several times sooner than the hundreds that they are made of.
 */
export function freshBundle() {
  const made = timeOf(bundle);
  return made !== undefined && parts.every((part) => (timeOf(part) ?? 0) < made) ? bundle : undefined;
}

/** @param {URL} file */
const timeOf = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs;
