// Checks the shape of the published packages: publint, are-the-types-wrong, and a require() of every entry.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { root, run } from './bootstrap.js';
import { manifestOf, packageFolders } from './packages.js';

/** Checks that a package has a README that begins with its name. @param {string} path @param {string} name */
function hasReadme(path, name) {
  const file = `${root}${path}/README.md`;
  const holds = existsSync(file) && readFileSync(file, 'utf8').startsWith(`# ${name}\n`);
  if (!holds) console.error(`${path}/README.md must begin with "# ${name}"`);
  return holds;
}

let failed = 0;
for (const path of packageFolders) {
  const manifest = manifestOf(path);
  if (manifest.private === true) continue;
  console.log(`${manifest.name}: README, publint, attw, require()`);
  if (!hasReadme(path, manifest.name)) failed += 1;
  // Without this option publint packs with pnpm from the PATH, and npx does not put pnpm there.
  if ((await run('npx', ['publint', path, '--pack', 'npm', '--strict'])) !== 0) failed += 1;
  if ((await run('npx', ['attw', '--pack', path, '--profile', 'esm-only', '--quiet'])) !== 0) failed += 1;
  const require = createRequire(`${root}${path}/package.json`);
  for (const entry of Object.values(manifest.exports)) {
    if (typeof entry === 'string') continue;
    try {
      require(`${root}${path}/${entry.default}`);
    } catch (error) {
      console.error(`require() of ${manifest.name} ${entry.default} failed: ${error}`);
      failed += 1;
    }
  }
}
console.log(failed === 0 ? 'every package has its shape' : `${failed} problems of shape`);
process.exitCode = failed === 0 ? 0 : 1;
