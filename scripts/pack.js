// `npm run pack`: a tarball of every published package in ./tarballs, for an installation before anything is published.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { bootstrap, root, run } from './bootstrap.js';
import { manifestOf, packageFolders } from './packages.js';

/** Packs what is built into a folder; answers the names of the files. @param {string} folder @returns {Promise<string[]>} */
export async function pack(folder) {
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const names = packageFolders
    .map(manifestOf)
    .flatMap((manifest) => (manifest.private === true ? [] : [manifest.name]));
  const filters = names.flatMap((name) => ['--filter', name]);
  // pnpm writes versions in place of `workspace:*`.
  const args = ['--yes', packageManager, ...filters, 'pack', '--pack-destination', folder];
  if ((await run('npx', args, { pnpm_config_pm_on_fail: 'ignore' })) !== 0)
    throw new Error('packing failed (see above)');
  return readdirSync(folder);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  // What was built from files that are gone must not be packed.
  for (const folder of packageFolders)
    for (const built of ['dist', 'tsconfig.tsbuildinfo'])
      rmSync(`${root}${folder}/${built}`, { recursive: true, force: true });
  await bootstrap();
  const folder = `${root}tarballs`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const file of await pack(folder)) console.log(`tarballs/${file}`);
}
