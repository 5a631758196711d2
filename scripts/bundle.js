// Makes packages/cli/bundle: the command's own code and its libraries in a few files, since Node takes longer to find
// and load seven hundred files than to run them. The command runs the bundle unless a part of it is newer.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { freshBundle } from '../packages/cli/bin/fresh-bundle.js';
import { root } from './bootstrap.js';

const folder = `${root}packages/cli/bundle`;

/** Defines `require`, which CommonJS libraries call and ES modules do not have. */
const banner =
  "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);";

/** Bundles the built command, unless its bundle is fresh. */
export async function bundle() {
  if (freshBundle() !== undefined) return;
  // The bundle is written beside its folder, so that a program that starts meanwhile finds a whole bundle or none.
  const draft = `${folder}.${process.pid}`;
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      main: 'packages/cli/dist/main.js',
      // The store's thread runs this file.
      worker: 'packages/server/dist/journal/store/worker.js',
    },
    outdir: draft,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // A native addon cannot be bundled.
    external: ['libsql'],
    banner: { js: banner },
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
  });
  mkdirSync(draft, { recursive: true });
  writeFileSync(`${draft}/licenses.txt`, licensesOf(Object.keys(metafile.inputs)));
  rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(draft, folder);
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true });
    // Another build has put its bundle there first.
    if (!existsSync(folder)) throw cause;
  }
}

/** Collects the licences of the libraries. They must come with the code. @param {readonly string[]} files */
function licensesOf(files) {
  const libraries = files.flatMap((file) => /.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []);
  return [...new Set(libraries)]
    .sort()
    .map((library) => {
      const { name, version, license } = JSON.parse(readFileSync(`${root}${library}/package.json`, 'utf8'));
      const text = readdirSync(`${root}${library}`).find((file) => /^licen[cs]e/i.test(file));
      const terms =
        text === undefined ? `License: ${license}` : readFileSync(`${root}${library}/${text}`, 'utf8').trim();
      return `${name} ${version}\n\n${terms}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
