// `npm run pack` makes a tarball of every published package in ./tarballs, so that users can install them before
// publication.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { bootstrap, root, run } from './bootstrap.js';
import { manifestOf, packageFolders } from './packages.js';

/** Packs the built packages into a folder; returns the names of the files. @param {string} folder @returns {Promise<string[]>} */
export async function pack(folder) {
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const names = packageFolders
    .map(manifestOf)
    .flatMap((manifest) => (manifest.private === true ? [] : [manifest.name]));
  const filters = names.flatMap((name) => ['--filter', name]);
  // pnpm replaces `workspace:*` by versions.
  const args = ['--yes', packageManager, ...filters, 'pack', '--pack-destination', folder];
  if ((await run('npx', args, { pnpm_config_pm_on_fail: 'ignore' })) !== 0)
    throw new Error('packing failed (see above)');
  return readdirSync(folder);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  // The tarballs must not hold the output of deleted source files.
  for (const folder of packageFolders)
    for (const built of ['dist', 'tsconfig.tsbuildinfo'])
      rmSync(`${root}${folder}/${built}`, { recursive: true, force: true });
  await bootstrap();
  const folder = `${root}tarballs`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const file of await pack(folder)) console.log(`tarballs/${file}`);
}
