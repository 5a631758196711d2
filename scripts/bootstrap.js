// Installs the workspace when it does not match the lockfile, and builds it. It needs only Node, for fresh clones.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.rollcall-stamp`;

/**
 * Runs a command in the root and shows its output; returns its exit code.
 * @param {string} command @param {readonly string[]} args @param {Record<string, string>} [env]
 * @returns {Promise<number>}
 */
export function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
    child.once('error', (error) => {
      console.error(`cannot run ${command}: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 1));
  });
}

/** Returns the package manager and the hash of the lockfile that the installed tree must match. */
function wanted() {
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const lockfile = readFileSync(`${root}pnpm-lock.yaml`);
  return { packageManager, hash: createHash('sha256').update(packageManager).update(lockfile).digest('hex') };
}

/** Installs if needed, and builds. Its error says what to do. */
export async function bootstrap() {
  const { packageManager, hash } = wanted();
  const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (installed !== hash) {
    console.log(`installing the workspace with ${packageManager} (first run, or the lockfile changed) ...`);
    const code = await run('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'], {
      pnpm_config_pm_on_fail: 'ignore',
    });
    if (code !== 0)
      throw new Error('the installation failed (see above): check the network and the npm registry, then run it again');
    writeFileSync(stamp, hash);
  }
  console.log('building the packages ...');
  if ((await run('npx', ['tsc', '-b'])) !== 0) throw new Error('the build failed (see above)');
  // Imported only here, because the script's library is installed above.
  const { bundle } = await import('./bundle.js');
  await bundle();
}
