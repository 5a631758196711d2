import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { argumentsOf, listOf } from './dockerfile.ts';
import { inRepository } from './repository.ts';

const run = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), 'rollcall-image-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the Dockerfile', () => {
  // The test needs no Docker daemon: it runs each RUN in a shell, with the folders of the image in a folder of this
  // machine.
  it('the steps of the Dockerfile end well and install the command', { timeout: 900_000 }, async () => {
    const [build = '', install = ''] = argumentsOf('RUN').map((command) =>
      command
        .replaceAll('\\\n', ' ')
        .replaceAll(/(?<= )\/(packages|tmp|var)/g, `${root}/$1`)
        .replace('npm cache clean --force', 'true')
        .replace(/ && chown \S+ \S+/, ''),
    );
    const source = join(root, 'src');
    // The build context holds the tracked files, as they are here.
    const { stdout } = await run('git', ['ls-files'], { cwd: inRepository('.'), maxBuffer: 10_000_000 });
    for (const file of stdout.trim().split('\n')) cpSync(inRepository(file), join(source, file));
    const shell = (command: string, cwd: string) => run('sh', ['-ec', command], { cwd, maxBuffer: 50_000_000 });
    await shell(build, source);
    for (const folder of ['tmp', 'var/lib', 'opt/rollcall']) mkdirSync(join(root, folder), { recursive: true });
    cpSync(join(root, 'packages'), join(root, 'tmp/packages'), { recursive: true });
    await shell(install, join(root, 'opt/rollcall'));
    const [program = '', ...entry] = listOf('ENTRYPOINT').map((argument) => argument.replace(/^\/opt/, `${root}/opt`));
    const { stdout: version } = await run(program, [...entry, '--version']);
    expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
    // The server opens its store, because the store is a binary that npm chooses for the machine.
    const serve = [...entry, 'serve', '--port', '0', '--json', '--data-dir', join(root, 'var/lib/rollcall')];
    const child = spawn(program, serve, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    expect((await fetch(`${(JSON.parse(line) as { url: string }).url}/readyz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toEqual([143, null]);
  });
});
