import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Registry } from '@rollcall/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const execute = promisify(execFile);
const page = readFileSync(new URL('../../docs/writing-an-adapter.md', import.meta.url), 'utf8');
const root = fileURLToPath(new URL('../../', import.meta.url));
/** A workspace with the packages of this repository. It lies inside the root, so that it finds the root's tools. */
const workspace = join(root, '.adapter-check');
const folder = join(workspace, 'packages/adapters/pinboard');

/** A reader's package, with the files that the page gives for packages outside of the repository. */
const own = join(workspace, 'own');

/** Writes the files of the page into a folder, as a reader copies them. */
async function follow(page: string, into: string, kind: 'file' | 'outside'): Promise<readonly string[]> {
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`(?:ts|json) ${kind}=(\\S+)\\n(.*?)^\`\`\`$`, 'gms'))];
  for (const [, file = '', body = ''] of blocks) {
    await mkdir(dirname(join(into, file)), { recursive: true });
    await writeFile(join(into, file), body);
  }
  return blocks.map(([, file = '']) => file);
}

beforeAll(async () => {
  await rm(workspace, { recursive: true, force: true });
  await mkdir(join(workspace, 'node_modules/@rollcall'), { recursive: true });
  await mkdir(join(workspace, 'packages'), { recursive: true });
  await cp(join(root, 'tsconfig.base.json'), join(workspace, 'tsconfig.base.json'));
  await symlink(join(root, 'packages/core'), join(workspace, 'packages/core'));
  for (const name of ['core', 'conformance'])
    await symlink(join(root, `packages/${name}`), join(workspace, `node_modules/@rollcall/${name}`));
  await writeFile(
    join(workspace, 'vitest.config.js'),
    "const conditions = ['rollcall-source']; export default { resolve: { conditions }, ssr: { resolve: { conditions } } };",
  );
});
afterAll(() => rm(workspace, { recursive: true, force: true }));

/** What the built adapter exports. */
declare const Built: { readonly pinboard: () => Registry };

describe('docs/writing-an-adapter.md', () => {
  it('docs/writing-an-adapter.md leads from an empty folder to an adapter that compiles, keeps the contract and is found by its path', async () => {
    const files = await follow(page, folder, 'file');
    for (const part of ['adapter', 'registry', 'options', 'mapping', 'watch', 'error'])
      expect(files).toContain(`src/pinboard-${part}.ts`);
    await execute('npx', ['biome', 'check', '--vcs-enabled=false', folder], { cwd: root });
    await execute('npx', ['tsc', '-b', folder], { cwd: root });
    const { stdout } = await execute(
      'npx',
      ['vitest', 'run', '--root', workspace, '--dir', folder, '--reporter=json'],
      { cwd: root },
    );
    const { numPassedTests, numFailedTests } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, number>;
    expect(numFailedTests).toBe(0);
    expect(numPassedTests).toBeGreaterThan(200);
    const bin = join(root, 'packages/cli/bin/rollcall.js');
    const list = execute(process.execPath, [bin, 'list', '--registry', './dist/index.js'], { cwd: folder });
    await expect(list).rejects.toMatchObject({
      stderr: expect.stringContaining('the pinboard registry lives inside one'),
    });
  }, 120_000);

  it('the adapter of docs/writing-an-adapter.md compiles outside of the repository too, with the settings of the page', async () => {
    await follow(page, own, 'file');
    expect(await follow(page, own, 'outside')).toEqual(['package.json', 'tsconfig.json']);
    await execute('npx', ['tsc', '-p', own], { cwd: root });
    const { pinboard } = (await import(pathToFileURL(join(own, 'dist/index.js')).href)) as typeof Built;
    const registry = pinboard();
    await registry.register({ name: 'web', nodes: [{ id: 'a', address: '10.0.0.1:80' }] });
    expect(await registry.listServices()).toMatchObject([{ name: 'web' }]);
    await registry.close();
  }, 60_000);
});
