// Checks that all packages have one version, and that the examples, which users copy, name it as a range.
// `node scripts/check-version.js 0.2.0` also demands that very version; `--order` prints the tarballs of `npm run pack`
// in the order in which they can be published: dependencies first.
import { readdirSync } from 'node:fs';
import { root } from './bootstrap.js';
import { manifestOf, packageFolders } from './packages.js';

const manifests = packageFolders.map(manifestOf).filter((manifest) => manifest.private !== true);
const [wanted = manifests[0].version] = process.argv.slice(2).filter((argument) => argument !== '--order');
const wrong = manifests.filter(({ version }) => version !== wanted);
for (const { name, version } of wrong) console.error(`${name} has version ${version}, not ${wanted}`);
const stale = readdirSync(`${root}examples`).flatMap((example) =>
  Object.entries(manifestOf(`examples/${example}`).dependencies ?? {})
    .filter(([name, range]) => manifests.some((one) => one.name === name) && range !== `^${wanted}`)
    .map(([name, range]) => `examples/${example} wants ${name} ${range}, not ^${wanted}: it could not be copied out`),
);
for (const line of stale) console.error(line);
if (wrong.length + stale.length > 0) process.exitCode = 1;
else if (process.argv.includes('--order')) for (const name of inOrder()) console.log(name);
else console.log(`all packages have version ${wanted}`);

/** Lists the names of the tarballs, dependencies first. */
function inOrder() {
  const own = new Set(manifests.map(({ name }) => name));
  /** @type {Set<string>} */
  const done = new Set();
  const visit = (/** @type {string} */ name) => {
    const manifest = manifests.find((one) => one.name === name);
    for (const needed of Object.keys(manifest.dependencies ?? {}))
      if (own.has(needed) && !done.has(needed)) visit(needed);
    done.add(name);
  };
  for (const name of own) visit(name);
  return [...done].map((name) => `${name.replace(/^@/, '').replace('/', '-')}-${wanted}.tgz`);
}
