// `npm test` installs the workspace, runs the gates and all tests, and ends with `N passed, N failed`. `--quick` leaves
// out the tests that are slow or need more than Node; `--long` runs only the tests of which other runs do a tenth, and
// runs those in full.
import { readFileSync, rmSync } from 'node:fs';
import { bootstrap, root, run } from './bootstrap.js';
import { check } from './check.js';

const quick = process.argv.includes('--quick');
const long = process.argv.includes('--long');
const report = `${root}node_modules/.rollcall-report.json`;

/** Runs vitest; returns its counts. A run without a report counts as failed. */
async function tests() {
  rmSync(report, { force: true });
  const args = ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await run('npx', args, { ...(quick && { ROLLCALL_QUICK: '1' }), ...(long && { ROLLCALL_LONG: '1' }) });
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    if (numPendingTests > 0) console.log(`${numPendingTests} tests were skipped: none may be`);
    const failed = numFailedTests + numPendingTests;
    // A file that does not load reports no failed test, so the suite counts as one.
    return { passed: numPassedTests, failed: failed === 0 && code !== 0 ? Math.max(1, numFailedTestSuites) : failed };
  } catch {
    console.error('vitest ended without a report');
    return { passed: 0, failed: 1 };
  }
}

const about = quick
  ? ' (quick: without the package shape and the tests that need another program or two hosts, or are slow)'
  : long
    ? ' (long: in full what `npm test` does a tenth of)'
    : '';
console.log(`testing Rollcall${about}`);
/** @type {{ passed: number, failed: number }[]} */
const results = [];
try {
  await bootstrap();
  if (!long) results.push(await check({ quick }));
  results.push(await tests());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  results.push({ passed: 0, failed: 1 });
}
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
