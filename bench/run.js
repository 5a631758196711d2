// Run: npm run bench (after a build; --help lists the options). It puts the same load on our server and on others, in
// interleaved rounds, and measures the CPU of each server. It writes the tables of docs/performance.md and its picture.
import { readFileSync } from 'node:fs';
import { bundle } from '../scripts/bundle.js';
import { readOptions } from './options.js';
import { sections, writePage } from './report/page.js';
import { Session } from './session.js';

/** @returns {Promise<number>} The exit code. */
async function main() {
  const options = readOptions();
  if (options === undefined) return 0;
  // An installed command runs its bundle, so the bundle is measured.
  if (options.from === undefined) await bundle();
  /** @type {import('./report/report.js').Run} */
  const run =
    options.from === undefined ? await new Session(options).measure() : JSON.parse(readFileSync(options.from, 'utf8'));
  const parts = Object.values(sections(run)).filter((part) => part !== '');
  console.log(parts.join('\n\n'));
  if (options.writes) writePage(run);
  return run.failures.length === 0 ? 0 : 1;
}

// An error of a connection that outlives its peer must not end a run of many minutes.
process.on('uncaughtException', (error) => process.stderr.write(`outside of a phase: ${error.message}\n`));
// The explicit exit is needed: a connection of a failed peer would hold the process open.
process.exit(
  await main().catch((error) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 2;
  }),
);
