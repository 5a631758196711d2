// Run: npm run bench (after a build; --help says what can be chosen). The same load on our server and on others, in
// interleaved rounds, measured by what each server computes. Writes the tables of docs/performance.md and its picture.
import { readFileSync } from 'node:fs';
import { readOptions } from './options.js';
import { sections, writePage } from './report/page.js';
import { Session } from './session.js';

/** @returns {Promise<number>} The exit code. */
async function main() {
  const options = readOptions();
  if (options === undefined) return 0;
  /** @type {import('./report/report.js').Run} */
  const run =
    options.from === undefined ? await new Session(options).measure() : JSON.parse(readFileSync(options.from, 'utf8'));
  const parts = Object.values(sections(run)).filter((part) => part !== '');
  console.log(parts.join('\n\n'));
  if (options.writes) writePage(run);
  return run.failures.length === 0 ? 0 : 1;
}

// A connection that outlives its peer must not end what has been measured for many minutes.
process.on('uncaughtException', (error) => process.stderr.write(`outside of a phase: ${error.message}\n`));
// A connection of a peer that failed would hold the process open.
process.exit(
  await main().catch((error) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 2;
  }),
);
