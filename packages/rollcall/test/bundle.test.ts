import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const execute = promisify(execFile);
const facade = fileURLToPath(new URL('../dist/index.js', import.meta.url));
const program = `
  import { createServer } from 'node:http';
  import { createService, loadRegistry } from ${JSON.stringify(facade)};
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const registry = await loadRegistry({ logger });
  const server = createServer().listen(0, '127.0.0.1');
  const service = createService({ name: 'bundled', server, registry: 'memory', logger });
  await service.start();
  console.log(registry.name, service.registry.name, service.status);
  await service.stop();
  await registry.close();
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rollcall-bundle-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a program bundled into one file', () => {
  it.each([
    [[], 'memory memory registered\n'],
    [['--registry', 'discovery'], 'discovery memory registered\n'],
  ])('a bundle has memory and discovery even in a folder without packages, with %j', async (flags, output) => {
    const outfile = join(folder, 'program.mjs');
    await build({
      stdin: { contents: program, resolveDir: folder },
      ...{ outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' },
    });
    const run = await execute(process.execPath, [outfile, ...flags], { cwd: folder, timeout: 30_000 });
    expect(run.stdout).toBe(output);
  });

  it('a bundle says which package another registry needs', async () => {
    const run = execute(process.execPath, [join(folder, 'program.mjs'), '--registry', 'etcd'], {
      cwd: folder,
      env: {},
    });
    await expect(run).rejects.toMatchObject({ stderr: expect.stringContaining('npm install @rollcall/etcd') });
  });
});
