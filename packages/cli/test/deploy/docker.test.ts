import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { validate } from 'dockerfile-utils';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../../backends/src/index.ts';
import { argumentsOf, dockerfilePath, environment, healthCheck, listOf } from './dockerfile.ts';
import { inRepository, textOf } from './repository.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'rollcall-docker-'));
const endings: (() => unknown)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tokensFile = join(folder, 'tokens.json');

/** Runs the image's command with the image's variables; paths of the image are replaced by paths of this machine. */
function container(env: Record<string, string> = {}, ...more: readonly string[]) {
  const [program = '', ...args] = [...listOf('ENTRYPOINT'), ...listOf('CMD'), ...more].map((argument) =>
    argument.replace('/opt/rollcall/node_modules/@rollcall/cli', inRepository('packages/cli')),
  );
  const child = spawn(program, args, {
    env: {
      PATH: process.env.PATH,
      ...environment(),
      ROLLCALL_SERVER_TOKENS_FILE: tokensFile,
      ROLLCALL_SERVER_DATA_DIR: join(folder, 'data'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endings.push(() => child.kill('SIGKILL'));
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return { child, ended: once(child, 'close') as Promise<[number]>, err: () => err };
}

describe('the Dockerfile', () => {
  it('Docker can read the Dockerfile, which names a user other than root and the port of the server', () => {
    expect(validate(textOf(dockerfilePath))).toEqual([]);
    expect(argumentsOf('USER')).toEqual(['node']);
    expect(argumentsOf('EXPOSE')).toEqual(['7171']);
    expect(argumentsOf('VOLUME')).toEqual(['/var/lib/rollcall']);
    expect(argumentsOf('STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(environment()).toEqual({
      ...{ NODE_ENV: 'production', ROLLCALL_SERVER_HOST: '0.0.0.0', ROLLCALL_SERVER_LOG_FORMAT: 'json' },
      ROLLCALL_SERVER_TOKENS_FILE: '/etc/rollcall/tokens.json',
      ROLLCALL_SERVER_DATA_DIR: '/var/lib/rollcall',
    });
  });

  it('the server in the image refuses to start without tokens, and says which file it wants', async () => {
    const { ended, err } = container();
    expect(await ended).toEqual([2, null]);
    expect(err()).toContain(`tokens-file (ROLLCALL_SERVER_TOKENS_FILE)`);
    expect(err()).toContain(tokensFile);
  });

  it('the server in the image answers other machines only with a token, is healthy, and ends at SIGTERM', {
    timeout: 120_000,
  }, async () => {
    const bin = inRepository('packages/cli/bin/rollcall.js');
    const create = [bin, 'token', 'create', 'web', '--role', 'write', '--tokens-file', tokensFile];
    const token = (await run(process.execPath, create)).stdout.trim().split('\n').at(-1)!;
    const [port] = await freePorts(1);
    const { child, ended } = container({ ROLLCALL_SERVER_PORT: `${port}` });
    const [program = '', ...args] = healthCheck().map((argument) => argument.replace('7171', `${port}`));
    await expect
      .poll(
        () =>
          run(program, args).then(
            () => 'healthy',
            () => 'not yet',
          ),
        { timeout: 60_000 },
      )
      .toBe('healthy');
    const read = (headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${port}/api/fetch?env=e&appid=web`, { headers }).then(({ status }) => status);
    expect(await read({})).toBe(401);
    // The container is healthy before the roll is restored; until then the server answers reads with 503.
    await expect.poll(() => read({ authorization: `Bearer ${token}` }), { timeout: 60_000 }).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toEqual([143, null]);
    await expect(run(program, args)).rejects.toMatchObject({ code: 1 });
  });
});
