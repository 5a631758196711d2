// Checks the rules of the house: sizes, docstrings, subjects of comments, signals, settings, clocks, adapters as data,
// import circles, file names.
// `node scripts/check-house.js --figures` prints the sizes.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { root } from './bootstrap.js';
import { documentedPart, publicMembers } from './house/members.js';
import * as rules from './house/rules.js';
import { read } from './house/syntax.js';
import { adapterFolders, manifestOf, packageFolders } from './packages.js';

const nameOf = (/** @type {string} */ folder) => folder.split('/').at(-1) ?? '';
const adapterNames = adapterFolders.map(nameOf);

/** @param {string} folder @param {RegExp} pattern */
const filesOf = (folder, pattern) =>
  existsSync(`${root}${folder}`)
    ? readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
        .map((file) => `${folder}/${file}`)
        .filter((file) => pattern.test(file) && !/(?:^|\/)(?:node_modules|dist)\//.test(file))
    : [];

const sources = packageFolders.flatMap((folder) => filesOf(`${folder}/src`, /\.ts$/)).map(read);
const programs = ['scripts', 'examples', 'bench', 'interop'].flatMap((folder) => filesOf(folder, /\.js$/)).map(read);

/** The files that are exempt from a rule; the comments say why. @type {readonly (readonly [import('./house/rules.js').Rule, RegExp])[]} */
const exempt = [
  // The suite passes a timeout signal as a user would.
  [rules.ownedSignals, /^packages\/conformance\/src\/(?:traits|cases)\//],
  // These are the composition roots, and the readers of a backend's own variables.
  [
    rules.inputSettings,
    /^packages\/(?:service\/src\/registries\/settings|cli\/src\/program|adapters\/[^/]+\/src\/[^/]+-options)\.ts$/,
  ],
  // The programs of the repository's own tests run in real time.
  [rules.inputSettings, /^packages\/(?:backends|conformance)\/src\//],
  [rules.injectedClock, /^packages\/(?:backends|conformance|cli)\/src\//],
  // These files create the clock, or compose a program.
  [
    rules.injectedClock,
    /^packages\/(?:core\/src\/(?:clock|wait-for-service)|service\/src\/(?:create-service|heartbeat\/worker))\.ts$/,
  ],
];
const holdsFor = (/** @type {import('./house/rules.js').Rule} */ rule, /** @type {string} */ path) =>
  !exempt.some(([exempted, where]) => exempted === rule && where.test(path));

const nameless = rules.namelessAdapters(adapterNames);
const problems = [
  ...sources.flatMap((source) =>
    [
      ...[rules.shortFiles, rules.shortFunctions, rules.documentedExports, rules.namedSubjects],
      ...[rules.ownedSignals, rules.inputSettings, rules.injectedClock],
    ].flatMap((rule) => (holdsFor(rule, source.path) ? rule(source) : [])),
  ),
  ...sources.filter(({ path }) => !path.startsWith('packages/adapters/')).flatMap(nameless),
  ...programs.flatMap((source) => [...rules.ownedSignals(source), ...rules.namedSubjects(source), ...nameless(source)]),
  ...circles(),
  ...undocumented(),
  ...adapterFolders.flatMap(missingFiles),
];

/** Finds circles of imports, types included. */
function circles() {
  const graph = new Map(
    sources.map((source) => [
      source.path,
      rules.relativeImports(source).map((specifier) => join(dirname(source.path), specifier)),
    ]),
  );
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {string[]} */
  const found = [];
  /** @param {string} path @param {readonly string[]} trail */
  const follow = (path, trail) => {
    if (trail.includes(path))
      found.push(`an import circle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`);
    if (trail.includes(path) || done.has(path)) return;
    for (const next of graph.get(path) ?? []) follow(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) follow(path, []);
  return found;
}

/** Checks that four of five public members have a docstring. `--members` lists the members without one. */
function undocumented() {
  const members = publicMembers(
    sources.filter(({ path }) => manifestOf(path.slice(0, path.indexOf('/src/'))).private !== true),
  );
  const silent = members.filter(({ isDocumented }) => !isDocumented);
  const part = 1 - silent.length / members.length;
  if (process.argv.includes('--figures'))
    console.log(`public members: ${members.length}, ${Math.round(part * 100)} % documented`);
  if (process.argv.includes('--members')) for (const { place, name } of silent) console.log(`${place}: ${name}`);
  if (part >= documentedPart) return [];
  const [share, wanted] = [part, documentedPart].map((value) => `${Math.round(value * 100)} %`);
  return [
    `${share} of the public members have a docstring; at least ${wanted} (node scripts/check-house.js --members)`,
  ];
}

/** Checks that an adapter has the same files as the others, so that a reader of one knows all. @param {string} folder */
function missingFiles(folder) {
  const name = nameOf(folder);
  const expected = [
    'index',
    ...['adapter', 'registry', 'options', 'mapping', 'watch', 'error'].map((part) => `${name}-${part}`),
  ];
  const missing = expected.filter((file) => !existsSync(`${root}${folder}/src/${file}.ts`));
  const isNamed = manifestOf(folder).name === `@rollcall/${name}`;
  return [
    ...missing.map((file) => `${folder}/src/${file}.ts is missing: every adapter has it`),
    ...(isNamed ? [] : [`${folder}: its package must be @rollcall/${name}`]),
  ];
}

if (process.argv.includes('--figures')) printFigures();

function printFigures() {
  const row = (/** @type {string} */ what, /** @type {number[]} */ values) => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (/** @type {number} */ share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    console.log(`${what}: ${sorted.length}, median ${at(0.5)}, 95th percentile ${at(0.95)}, longest ${sorted.at(-1)}`);
  };
  row(
    'files of src, lines',
    sources.map(({ lines }) => lines),
  );
  row(
    'functions of src, lines',
    sources.flatMap((source) => rules.functionLengths(source).map(({ length }) => length)),
  );
  console.log(`lines of src: ${sources.reduce((sum, { lines }) => sum + lines, 0)}`);
}

for (const problem of problems) console.error(problem);
console.log(
  problems.length === 0 ? 'the rules of the house hold' : `${problems.length} breaches of the rules of the house`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
