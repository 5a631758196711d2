import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Of a server with a million instances. Megabytes: Node takes half of the machine's memory, and at most four gigabytes, by itself. */
const heapMb = 8_192;

/** Where a server on Node writes the longest pauses of its collections, given `nodeArgs`. */
export function openGcFile() {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'pauses.json');
  const probe = new URL('./gc-probe.js', import.meta.url);
  probe.searchParams.set('file', file);
  return {
    nodeArgs: [`--max-old-space-size=${heapMb}`, '--import', `${probe}`],
    /** Before the next server. */
    clear: () => rmSync(file, { force: true }),
    /** In milliseconds; not a number: the server does not run on Node. @returns {{ full: number, other: number }} */
    longest: () => {
      try {
        return JSON.parse(readFileSync(file, 'utf8'));
      } catch {
        return { full: Number.NaN, other: Number.NaN };
      }
    },
  };
}
