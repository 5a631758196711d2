// The layer table of ARCHITECTURE.md: dependencies point downwards only, siblings never import each other, and what an
// application installs brings no third-party code.
import { readdirSync, readFileSync } from 'node:fs';
import { root } from './bootstrap.js';

/** @type {Record<string, readonly string[]>} package -> what it may import */
const allowed = {
  '@rollcall/core': [],
  // For our own tests, never published.
  '@rollcall/backends': ['@rollcall/core'],
  '@rollcall/memory': ['@rollcall/core'],
  '@rollcall/discovery': ['@rollcall/core'],
  '@rollcall/etcd': ['@rollcall/core', 'cockatiel', 'etcd3'],
  '@rollcall/consul': ['@rollcall/core', 'consul'],
  '@rollcall/mdns': ['@rollcall/core', 'dns-packet', 'multicast-dns', 'tinyqueue'],
  '@rollcall/service': ['@rollcall/core'],
  '@rollcall/conformance': ['@rollcall/core'],
  '@rollcall/server': ['@rollcall/core', '@rollcall/discovery', 'fastify'],
  rollcall: ['@rollcall/core', '@rollcall/service', '@rollcall/memory', '@rollcall/discovery'],
  '@rollcall/cli': ['@rollcall/core', '@rollcall/service', '@rollcall/discovery', '@rollcall/server', 'commander'],
};
const protocolOnly = 'server may import @rollcall/protocol alone: the adapter is its sibling';

/** @type {string[]} */
const problems = [];
for (const folder of readdirSync(`${root}packages`)) {
  const manifest = JSON.parse(readFileSync(`${root}packages/${folder}/package.json`, 'utf8'));
  const may = allowed[manifest.name];
  if (may === undefined) {
    problems.push(`packages/${folder}: ${manifest.name} is not in the layer table`);
    continue;
  }
  for (const name of Object.keys({
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  })) {
    if (!may.includes(name))
      problems.push(
        `packages/${folder}/package.json depends on ${name}; it may depend on: ${may.join(', ') || 'nothing'}`,
      );
  }
  for (const file of readdirSync(`${root}packages/${folder}/src`, { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.ts')) checkFile(`packages/${folder}/src/${file}`, manifest.name, may);
  }
}

/** @param {string} path @param {string} self @param {readonly string[]} may */
function checkFile(path, self, may) {
  const text = readFileSync(`${root}${path}`, 'utf8');
  for (const [, , specifier = ''] of text.matchAll(
    /\b(?:(?:from|import)\s*\(?\s*(?=['"])|import\s*\(\s*(?=`))(['"`])([^'"`]+)\1/g,
  )) {
    if (specifier.startsWith('.') || specifier.startsWith('node:')) continue;
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    if (name === self || !may.includes(name))
      problems.push(`${path} imports ${specifier}; it may import: ${may.join(', ') || 'nothing'}`);
    if (self === '@rollcall/server' && specifier === '@rollcall/discovery') problems.push(`${path}: ${protocolOnly}`);
  }
}

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? 'layers hold' : `${problems.length} edges against the layer table`);
process.exitCode = problems.length === 0 ? 0 : 1;
