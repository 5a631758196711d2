import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
let folder: string;
/** Package name -> tarball. */
let tarballs: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rollcall-tarballs-'));
  const packed = join(folder, 'tarballs');
  await mkdir(packed);
  const script = `import(${JSON.stringify(join(root, 'scripts/pack.js'))}).then(({ pack }) => pack(${JSON.stringify(packed)}))`;
  await execute(process.execPath, ['-e', script], { cwd: root });
  const nameOf = (file: string): string => file.replace(/-\d+\.\d+\.\d+\.tgz$/, '').replace(/^rollcall-/, '@rollcall/');
  tarballs = Object.fromEntries((await readdir(packed)).map((file) => [nameOf(file), join(packed, file)]));
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

/** Makes a project outside the repository, so that the settings of the repository do not apply. */
async function project(
  name: string,
): Promise<(file: string, ...args: string[]) => Promise<{ stdout: string; stderr: string }>> {
  const cwd = join(folder, name);
  await mkdir(cwd);
  await writeFile(join(cwd, 'package.json'), JSON.stringify({ name, private: true, dependencies: tarballs }));
  const { NODE_PATH: _, ...env } = process.env;
  return (file, ...args) => execute(file, args, { cwd, env: { ...env, CI: 'true', pnpm_config_pm_on_fail: 'ignore' } });
}

/** Starts the installed server with a data folder and ends it once it serves. Answers the files that it loaded. */
async function served(name: string): Promise<string> {
  const cwd = join(folder, name);
  const bin = join(cwd, 'node_modules/@rollcall/cli/bin/rollcall.js');
  const child = spawn(process.execPath, [bin, 'serve', '--port', '0', '--data-dir', 'data', '--json'], {
    cwd,
    env: { ...process.env, NODE_V8_COVERAGE: join(cwd, 'coverage') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let [out, err] = ['', ''];
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdout.on('data', (chunk) => {
    out += chunk;
    child.kill('SIGTERM');
  });
  await ended;
  expect([out, err]).toEqual([
    expect.stringContaining('"url":"http://127.0.0.1:'),
    expect.not.stringContaining('Error'),
  ]);
  const reports = await readdir(join(cwd, 'coverage'));
  return (await Promise.all(reports.map((file) => readFile(join(cwd, 'coverage', file), 'utf8')))).join('');
}

const isSource = (path: string): boolean => !/node_modules|\/test(?:\/|$)/.test(path);

/** Another version of Node, installed from npm and kept in the folder of the real backends. */
async function nodeOf(major: number): Promise<string> {
  const home = join(root, '.cache', `node-${major}`);
  const node = join(home, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (existsSync(node)) return node;
  await mkdir(home, { recursive: true });
  const name = `node-${process.platform}-${process.arch}@${major}`;
  await execute('npm', ['install', '--prefix', home, '--no-audit', '--no-fund', name]);
  return node;
}

const uses = `const { memory } = require('rollcall'); const registry = memory(); registry.close().then(() => console.log(registry.name));`;

describe('the tarballs of all packages', () => {
  it('npm installs the tarballs without a warning, the command runs, and CommonJS can require rollcall', async () => {
    const run = await project('by-npm');
    const { stdout, stderr } = await run('npm', 'install', '--no-audit', '--no-fund');
    expect(`${stdout}${stderr}`).not.toMatch(/EBADENGINE|ERESOLVE/);
    expect((await run('npx', 'rollcall', '--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await run(process.execPath, '-e', uses)).stdout).toBe('memory\n');
    expect(await served('by-npm')).toContain('/@rollcall/cli/bundle/');
  }, 180_000);

  it('the examples run on the tarballs, outside the repository, on every supported Node', async () => {
    const run = await project('examples');
    await run('npm', 'install', '--no-audit', '--no-fund');
    for (const name of ['hello', 'greeter', 'own-adapter'])
      await cp(join(root, 'examples', name), join(folder, 'examples', name), { recursive: true, filter: isSource });
    for (const node of [process.execPath, ...(await Promise.all([22, 24].map(nodeOf)))]) {
      expect((await run(node, 'hello/hello.js')).stdout).toMatch(/^greeter 1\.0\.0 at 127\.0\.0\.1:8080\ncreate\n/);
      expect((await run(node, 'greeter/main.js')).stdout).toMatch(/^greeter 1\.0\.0 says: hello from process \d+$/m);
      expect((await run(node, '-e', uses)).stdout).toBe('memory\n');
    }
    const board =
      "import('./own-adapter/board-registry.js').then(({ adapter }) => console.log(adapter.create({}).name))";
    expect((await run(process.execPath, '-e', board)).stdout).toBe('board\n');
  }, 300_000);

  it('the tarballs install with pnpm, with the lines that docs/installing.md gives', async () => {
    const run = await project('by-pnpm');
    const overrides = Object.entries(tarballs).map(([name, file]) => `  "${name}": "file:${file}"\n`);
    const page = await readFile(join(root, 'docs/installing.md'), 'utf8');
    const allow = /^allowBuilds:\n {2}\S+: false\n/m.exec(page)?.[0];
    await writeFile(join(folder, 'by-pnpm/pnpm-workspace.yaml'), `overrides:\n${overrides.join('')}${allow}`);
    const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      packageManager: string;
    };
    await run('npx', '--yes', packageManager, 'install');
    expect((await run(join(folder, 'by-pnpm/node_modules/.bin/rollcall'), '--version')).stdout).toMatch(/^\d/);
    expect((await run(process.execPath, '-e', uses)).stdout).toBe('memory\n');
    expect(await served('by-pnpm')).toContain('/@rollcall/cli/bundle/');
  }, 180_000);
});
