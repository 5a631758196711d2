import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A path from the root of the repository. */
export const inRepository = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

/** What a file of the repository holds. */
export const textOf = (path: string): string => readFileSync(inRepository(path), 'utf8');
