import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The absolute path of `path`, which starts at the root of the repository. */
export const inRepository = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

/** The text of a file of the repository. */
export const textOf = (path: string): string => readFileSync(inRepository(path), 'utf8');
