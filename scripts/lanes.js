// Decides which test files run here: all, unless `--quick` is given or the machine lacks something that they need.
//
// A test folder says in its `lanes.json` what its files need, by globs: a program (`etcd`, `consul`, any other that
// Debian has), `lan` (two hosts, which only root can make), `go`, `systemd`, or time (`slow`). A file may need several
// things; an unlisted file needs nothing. `long` needs nothing either: its files do more under ROLLCALL_LONG. `--quick`
// does not leave out a file for `long` alone.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './bootstrap.js';

/** The folders whose `test` folders hold the tests. */
const folders = [
  ...['scripts', 'bench'],
  ...['packages', 'packages/adapters', 'examples', 'interop'].flatMap((parent) =>
    readdirSync(`${root}${parent}`).map((folder) => `${parent}/${folder}`),
  ),
];

const onPath = (/** @type {string} */ name) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

/** The globs of test files, by need. @type {Map<string, string[]>} */
export const lanes = new Map();
for (const folder of folders) {
  const file = `${root}${folder}/test/lanes.json`;
  if (!existsSync(file)) continue;
  for (const [need, globs] of Object.entries(JSON.parse(readFileSync(file, 'utf8'))))
    lanes.set(need, [
      ...(lanes.get(need) ?? []),
      ...globs.map((/** @type {string} */ glob) => `${folder}/test/${glob}`),
    ]);
}

/** The globs of a lane: `long`, `slow` and so on. @param {string} need */
export const lane = (need) => lanes.get(need) ?? [];

/** @param {string} glob */
const toRegExp = (glob) =>
  new RegExp(
    `^${glob
      .replace(/[.+^$()|[\]\\]/g, '\\$&')
      .replace(/\*+/g, (stars) => (stars.length > 1 ? '.*' : '[^/]*'))
      .replace(/\{([^}]*)\}/g, (_, list) => `(?:${list.replaceAll(',', '|')})`)}$`,
  );

/** Returns whether a file, by its path from the root, is in a lane; the need `any` means any lane. @param {string} need @param {string} file */
export const isIn = (need, file) =>
  (need === 'any' ? [...lanes.values()].flat() : lane(need)).some((glob) => toRegExp(glob).test(file));

/** Returns, in words for the user, what the machine lacks for a need; undefined when it lacks nothing. @param {string} need */
function missing(need) {
  switch (need) {
    case 'long':
    case 'slow':
      return undefined;
    case 'lan':
      if (process.getuid?.() === 0 && onPath('ip') && onPath('apt-get')) return undefined;
      return 'tests between two hosts; they need root on Debian with iproute2 (what can run on loopback does)';
    case 'go':
      if (onPath('go')) return undefined;
      return 'tests beside programs in Go; they need it (https://go.dev/dl, 1.24 or later)';
    case 'systemd':
      if (onPath('systemd-analyze') && onPath('systemd-notify')) return undefined;
      return 'tests of the systemd unit; they need `systemd-analyze` (on Debian: apt-get install systemd)';
    default:
      // The tests fetch a missing program from Debian.
      if (onPath('apt-get') || onPath(need)) return undefined;
      return `tests on a real ${need}; put \`${need}\` on PATH, or run on Debian`;
  }
}

/** Lists the globs of the test files that are left out. It prints each lane, the missing program, and how to get it. */
export function leftOut() {
  if (process.env.ROLLCALL_QUICK !== undefined)
    return [...lanes].flatMap(([need, globs]) => (need === 'long' ? [] : globs));
  // With CI set all files run; a missing program makes its tests fail.
  if (process.env.CI !== undefined) return [];
  return [...lanes].flatMap(([need, globs]) => {
    const lacks = missing(need);
    if (lacks !== undefined) console.log(`left out: ${lacks}`);
    return lacks === undefined ? [] : globs;
  });
}
