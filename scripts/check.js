// Runs all gates; each is a script of the root package.json. A gate runs even when an earlier one failed.
import { pathToFileURL } from 'node:url';
import { run } from './bootstrap.js';

const gates = ['format', 'types', 'unused', 'layers', 'house', 'docs', 'version', 'shape'];

/**
 * Runs the gates and returns how many passed and failed.
 * @param {{ quick?: boolean }} [options] `quick` leaves out the package shape, which packs every package.
 */
export async function check({ quick = false } = {}) {
  const verdicts = [];
  for (const gate of gates) {
    if (quick && gate === 'shape') {
      console.log('gate shape: left out by --quick');
      continue;
    }
    console.log(`gate ${gate} ...`);
    const code = await run('npm', ['run', '--silent', `check:${gate}`]);
    verdicts.push({ gate, passed: code === 0 });
  }
  for (const { gate, passed } of verdicts) console.log(`gate ${gate}: ${passed ? 'passed' : 'FAILED'}`);
  const failed = verdicts.filter(({ passed }) => !passed).length;
  return { passed: verdicts.length - failed, failed };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { failed } = await check();
  process.exitCode = failed === 0 ? 0 : 1;
}
