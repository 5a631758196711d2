import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { discovery, type Registry } from '../src/index.ts';
import { type FakeService, fakeService } from '../src/testing/index.ts';

const execute = promisify(execFile);
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const ann = (version: string) => (): Response => Response.json({ name: 'ann', version });

let server: ChildProcess;
let registry: Registry;
let env: NodeJS.ProcessEnv;
const fakes: FakeService[] = [];
let folder: string;

beforeAll(async () => {
  const args = [path('../../cli/bin/rollcall.js'), 'serve', '--port', '0', '--json'];
  server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(server.stdout ?? process.stdin), 'line');
  const address = new URL(JSON.parse(line).url).host;
  registry = discovery({ addresses: [address] });
  env = { ...process.env, ROLLCALL_REGISTRY: 'discovery', ROLLCALL_REGISTRY_ADDRESS: address };
  folder = await mkdtemp(join(tmpdir(), 'rollcall-programs-'));
  fakes.push(await fakeService(registry, 'users', ann('1.0.0'), ann('1.0.0')));
  fakes.push(await fakeService(registry, 'billing', () => new Response('ok')));
});

afterAll(async () => {
  for (const fake of fakes) await fake[Symbol.asyncDispose]();
  await registry.close();
  server.kill();
  await rm(folder, { recursive: true });
});

const run = async (program: string, args: readonly string[] = [], more: NodeJS.ProcessEnv = {}): Promise<string> => {
  const options = { cwd: path('programs'), env: { ...env, ...more }, timeout: 20_000 };
  return (
    await execute(
      process.execPath,
      [...args.filter((arg) => arg === '--test'), program, ...args.filter((arg) => arg !== '--test')],
      options,
    )
  ).stdout;
};

describe('the programs that users write', () => {
  it('a program calls a service by its name in five lines', async () => {
    expect(await run('fetch.js')).toBe('{"name":"ann","version":"1.0.0"}\n');
  });

  it('a program uses service names in axios and got, and ends by itself without closing anything', async () => {
    expect(await run('http-clients.js')).toBe('["ann","ann","ann"]\n');
  });

  it('a program keeps a key on one side of a canary', async () => {
    expect(await run('canary.js')).toBe('the same side\n');
  });

  it('a program prefers a zone, hears of the status and gets its own abort reason back', async () => {
    expect(await run('zone.js', [], { ZONE: 'eu-1' })).toMatch(/^users live (?:true|false)\nAbortError\n$/);
  });

  it('a program waits for its dependencies, or learns why there is none', async () => {
    expect(await run('batch.js', [join(folder, 'nightly.json')])).toBe('closed ten pages\n');
    const nobody = { ROLLCALL_REGISTRY_ADDRESS: '127.0.0.1:1' };
    expect(await run('batch.js', [join(folder, 'other.json'), '500'], nobody)).toBe('unknown\n');
  });

  it('a program tests its own code with fake services and without a socket', async () => {
    expect(await run('own-test.js', ['--test'])).toMatch(/^# pass 2$/m);
  });
});
