// `npm test`: installs what is needed, runs the gates and all tests, ends with `N passed, N failed`.
import { readFileSync, rmSync } from 'node:fs';
import { bootstrap, root, run } from './bootstrap.js';
import { check } from './check.js';

const quick = process.argv.includes('--quick');
const report = `${root}node_modules/.rollcall-report.json`;

/** Runs vitest; answers its counts. One that ended without a report has failed. */
async function tests() {
  rmSync(report, { force: true });
  const args = ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await run('npx', args, quick ? { ROLLCALL_QUICK: '1' } : {});
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    if (numPendingTests > 0) console.log(`${numPendingTests} tests were skipped: none may be`);
    const failed = numFailedTests + numPendingTests;
    // A file that does not load has no tests that could fail.
    return { passed: numPassedTests, failed: failed === 0 && code !== 0 ? Math.max(1, numFailedTestSuites) : failed };
  } catch {
    console.error('vitest ended without a report');
    return { passed: 0, failed: 1 };
  }
}

console.log(
  `testing Rollcall${quick ? ' (quick: without the package shape, the three-server suite, the two hundred rounds, real etcd and Consul, and go-micro)' : ''}`,
);
/** @type {{ passed: number, failed: number }[]} */
const results = [];
try {
  await bootstrap();
  results.push(await check({ quick }), await tests());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  results.push({ passed: 0, failed: 1 });
}
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
