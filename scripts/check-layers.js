// Checks the layer table of ARCHITECTURE.md: dependencies point downwards only, siblings never import each other, and
// the packages that an application installs bring no third-party code. An adapter needs no row: every adapter stands on
// the lowest layer.
import { readdirSync } from 'node:fs';
import { root } from './bootstrap.js';
import { read, walk } from './house/syntax.js';
import { adapterFolders, manifestOf, packageFolders } from './packages.js';

/** @type {Record<string, readonly string[]>} package -> the packages of ours that it may import */
const allowed = {
  '@rollcall/core': [],
  '@rollcall/protocol': ['@rollcall/core'],
  // Only our own tests use this package; it is never published.
  '@rollcall/backends': ['@rollcall/core'],
  '@rollcall/service': ['@rollcall/core'],
  '@rollcall/client': ['@rollcall/core'],
  '@rollcall/conformance': ['@rollcall/core'],
  '@rollcall/server': ['@rollcall/core', '@rollcall/protocol'],
  rollcall: ['@rollcall/core', '@rollcall/service', '@rollcall/client', '@rollcall/memory', '@rollcall/discovery'],
  '@rollcall/cli': [
    '@rollcall/core',
    '@rollcall/protocol',
    '@rollcall/service',
    '@rollcall/memory',
    '@rollcall/discovery',
    '@rollcall/server',
  ],
};
const adapterMay = ['@rollcall/core', '@rollcall/protocol'];

/** Hello world installs these and nothing else, so they have no third-party dependency. */
const free = [
  ...['@rollcall/core', '@rollcall/protocol', '@rollcall/memory', '@rollcall/discovery', '@rollcall/service'],
  ...['@rollcall/client', 'rollcall'],
];

const ours = (/** @type {string} */ name) => name === 'rollcall' || name.startsWith('@rollcall/');

/** @type {string[]} */
const problems = [];
for (const folder of packageFolders) {
  const manifest = manifestOf(folder);
  const may = adapterFolders.includes(folder) ? adapterMay : allowed[manifest.name];
  if (may === undefined) problems.push(`${folder}: ${manifest.name} is not in the layer table`);
  else checkPackage(folder, manifest, may);
}

/** @param {string} folder @param {Record<string, any>} manifest @param {readonly string[]} may */
function checkPackage(folder, manifest, may) {
  const { dependencies, peerDependencies, optionalDependencies } = manifest;
  const declared = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies });
  for (const name of declared) {
    if (ours(name) && !may.includes(name))
      problems.push(`${folder}/package.json depends on ${name}; it may depend on: ${may.join(', ') || 'nothing'}`);
    if (!ours(name) && free.includes(manifest.name))
      problems.push(`${folder}/package.json depends on ${name}; ${manifest.name} brings no third-party code`);
  }
  for (const file of readdirSync(`${root}${folder}/src`, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('.ts')) checkFile(`${folder}/src/${file}`, manifest.name, declared);
}

/** @param {string} path @param {string} self @param {readonly string[]} declared */
function checkFile(path, self, declared) {
  for (const specifier of importsOf(read(path).program)) {
    if (specifier.startsWith('.') || specifier.startsWith('node:')) continue;
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    if (name === self || !declared.includes(name))
      problems.push(`${path} imports ${specifier}; its package.json depends on: ${declared.join(', ') || 'nothing'}`);
  }
}

/** Lists the imports of a file: static ones, `import()` and types. @param {import('./house/syntax.js').Node} program */
function importsOf(program) {
  /** @type {string[]} */
  const specifiers = [];
  walk(program, ({ source }) => {
    if (typeof source?.value === 'string' && source.type === 'Literal') specifiers.push(source.value);
  });
  return specifiers;
}

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? 'layers hold' : `${problems.length} edges against the layer table`);
process.exitCode = problems.length === 0 ? 0 : 1;
