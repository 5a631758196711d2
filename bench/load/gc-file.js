import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The heap for a server with a million instances, in MB. By default Node takes half of the memory, at most 4 GB. */
const heapMb = 8_192;

/** Opens a file to which a server on Node, started with `nodeArgs`, writes the longest pauses of its collections. */
export function openGcFile() {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'pauses.json');
  const probe = new URL('./gc-probe.js', import.meta.url);
  probe.searchParams.set('file', file);
  return {
    nodeArgs: [`--max-old-space-size=${heapMb}`, '--import', `${probe}`],
    /** Deletes the file, before the next server starts. */
    clear: () => rmSync(file, { force: true }),
    /** Reads the longest pauses, in milliseconds; they are NaN for a server that does not run on Node. @returns {{ full: number, other: number }} */
    longest: () => {
      try {
        return JSON.parse(readFileSync(file, 'utf8'));
      } catch {
        return { full: Number.NaN, other: Number.NaN };
      }
    },
  };
}
