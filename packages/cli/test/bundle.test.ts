import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const own = fileURLToPath(new URL('..', import.meta.url));
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Makes a checkout whose programs print their own paths. `times`: when each file was written, in seconds, by path. */
function checkout(times: Readonly<Record<string, number>>): string {
  const root = mkdtempSync(join(tmpdir(), 'rollcall-bundle-'));
  folders.push(root);
  cpSync(join(own, 'bin'), join(root, 'packages/cli/bin'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  for (const [path, seconds] of Object.entries(times)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `export const main = () => console.log('${path}');`);
    utimesSync(file, seconds, seconds);
  }
  return execFileSync(process.execPath, [join(root, 'packages/cli/bin/rollcall.js')], { encoding: 'utf8' }).trim();
}

const bundle = 'packages/cli/bundle/main.js';
const built = 'packages/cli/dist/main.js';
const references = JSON.parse(readFileSync(join(own, 'tsconfig.json'), 'utf8')).references as { path: string }[];
const packages = ['.', ...references.map(({ path }) => path)];

describe('the command', () => {
  it('the command runs its bundle where it is installed, and in a checkout where no part is newer than the bundle', () => {
    expect(checkout({ [bundle]: 10, [built]: 20 })).toBe(bundle);
    expect(checkout({ [bundle]: 10, [built]: 9, 'packages/cli/tsconfig.tsbuildinfo': 9 })).toBe(bundle);
  });

  it('without a bundle, the command runs the files that tsc has built', () => {
    expect(checkout({ [built]: 10 })).toBe(built);
  });

  it.each(packages)('the command runs the files of tsc when the package %s is newer than the bundle', (path) => {
    expect(checkout({ [bundle]: 10, [built]: 9, [join('packages/cli', path, 'tsconfig.tsbuildinfo')]: 11 })).toBe(
      built,
    );
  });

  it('the command runs the files of tsc when libraries were installed after the bundle was made', () => {
    expect(checkout({ [bundle]: 10, [built]: 9, 'pnpm-lock.yaml': 11 })).toBe(built);
  });

  it('the bundle comes with the licence of each library in it', () => {
    const licences = readFileSync(join(own, 'bundle/licenses.txt'), 'utf8');
    for (const name of ['fastify', 'pino', 'commander', 'prom-client'])
      expect(licences).toMatch(new RegExp(`^${name} \\d`, 'm'));
  });
});
