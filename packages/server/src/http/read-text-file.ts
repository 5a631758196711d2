import { readFileSync, statSync } from 'node:fs';

/** A file larger than this cannot be a file of tokens or certificates. Bytes. */
const maxBytes = 16_777_216;

/**
 * The text of a file that an option names. Throws Node's error, and an error for anything but a file, because reading a
 * pipe would stop the server until something writes to it.
 */
export function readTextFile(path: string): string {
  const stats = statSync(path);
  if (!stats.isFile()) throw new Error(`${path} is not a file`);
  if (stats.size > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
  // Editors of Windows begin a file with a byte order mark.
  return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
}
