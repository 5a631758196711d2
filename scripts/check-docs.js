// Type-checks the code blocks of every page, runs those fenced as "js run", and checks the links between pages.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { root, run } from './bootstrap.js';
import { withCapabilities } from './capabilities.js';
import { allPages, brokenLinks } from './house/links.js';
import { manifestOf, packageFolders } from './packages.js';
import { settingsPage } from './server-settings.js';

const folder = `${root}.docs-check/`;
const pages = allPages();

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
/** @type {{ file: string, from: string, runs: boolean }[]} */
const blocks = [];
for (const page of pages) {
  const text = readFileSync(`${root}${page}`, 'utf8');
  for (const [, language, flag, body = ''] of text.matchAll(/^```(js|ts)( run)?\n(.*?)^```$/gms)) {
    const file = `block-${blocks.length}.${language === 'js' ? 'js' : 'ts'}`;
    writeFileSync(`${folder}${file}`, `${body}\nexport {};\n`);
    blocks.push({ file, from: page, runs: flag !== undefined });
  }
}
// The root depends on some packages only, but the pages import from all of them.
const paths = Object.fromEntries(
  packageFolders.flatMap((packageFolder) => {
    const { name, exports = {} } = manifestOf(packageFolder);
    return Object.entries(exports).flatMap(([subpath, target]) => {
      const source = target['rollcall-source'];
      return source === undefined ? [] : [[join(name, subpath), [join('..', packageFolder, source)]]];
    });
  }),
);
// A code block may create a value without using it.
const compilerOptions = { noUnusedLocals: false, paths };
writeFileSync(
  `${folder}tsconfig.json`,
  JSON.stringify({ extends: '../tsconfig.test.json', compilerOptions, include: ['*.js', '*.ts'], exclude: [] }),
);

let failed = 0;
for (const page of pages) {
  for (const problem of brokenLinks(page, readFileSync(`${root}${page}`, 'utf8'))) {
    console.error(problem);
    failed += 1;
  }
}
if ((await withCapabilities()) !== readFileSync(`${root}README.md`, 'utf8')) {
  console.error('the table of adapters in README.md is out of date: node scripts/capabilities.js');
  failed += 1;
}
const settings = await settingsPage();
if (settings.wanted !== settings.text) {
  console.error('the table of settings in docs/running-the-server.md is out of date: node scripts/server-settings.js');
  failed += 1;
}
if (blocks.length === 0) {
  console.error('no code block was found: README.md must have some');
  failed += 1;
}
if ((await run('npx', ['tsc', '-p', folder])) !== 0) failed += 1;
for (const { file, from, runs } of blocks) {
  if (!runs) continue;
  try {
    execFileSync(process.execPath, [`${folder}${file}`], { timeout: 30_000, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    console.error(`${file} of ${from} failed: ${error instanceof Error ? error.message : error}`);
    failed += 1;
  }
}
rmSync(folder, { recursive: true, force: true });
console.log(failed === 0 ? `${blocks.length} code blocks hold` : `${failed} problems in code blocks`);
process.exitCode = failed === 0 ? 0 : 1;
