/** The commands and a server with tokens and TLS, in processes of their own as users run them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../../server/test/access/certificates.ts';

const bin = fileURLToPath(new URL('../bin/rollcall.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rollcall-cli-'));
const path = (name: string): string => join(folder, name);
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The output of all processes. */
let heard = '';

function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [bin, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
    heard += chunk.toString();
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, out, err })) };
}
const run = (args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> => start(args, env).ended;

let url = '';
let server: ChildProcess;
let writer = '';
const tokensFile = path('tokens.json');
const tls = ['--registry-ca', path('ca.pem')];

beforeAll(async () => {
  const authority = await Authority.make('ours');
  const pair = await authority.sign('server');
  writeFileSync(path('ca.pem'), authority.cert);
  writeFileSync(path('cert.pem'), pair.cert);
  writeFileSync(path('key.pem'), pair.key);
  const made = await run([
    'token',
    'create',
    'web',
    '--role',
    'write',
    '--env',
    'default',
    '--services',
    'web-*',
    '--tokens-file',
    tokensFile,
  ]);
  writer = made.out.trim();
  writeFileSync(path('token'), `${writer}\n`, { mode: 0o600 });
  const args = ['--port', '0', '--json', '--no-warm-up', '--log-requests', 'all', '--log-level', 'debug'];
  const files = [
    '--tokens-file',
    tokensFile,
    '--tls-cert',
    path('cert.pem'),
    '--tls-key',
    path('key.pem'),
    '--audit-log',
    path('audit.log'),
  ];
  ({ child: server } = start(['serve', ...args, ...files, '--lease-secrets']));
  const [line] = (await once(createInterface(server.stdout!), 'line')) as [string];
  ({ url } = JSON.parse(line) as { url: string });
});

const common = (...more: string[]): string[] => ['--registry-address', url, ...tls, ...more];

describe('rollcall token', () => {
  it('rollcall token create writes hashes only, into a file that its owner alone can read', () => {
    expect(writer).toMatch(/^rct_[\w-]{43}$/);
    const text = readFileSync(tokensFile, 'utf8');
    expect(text).not.toContain(writer);
    expect(text).toContain('sha256:');
    expect(statSync(tokensFile).mode & 0o077).toBe(0);
  });

  it('rollcall token list shows names and rights, and rollcall token revoke takes the name of a token', async () => {
    await run([
      'token',
      'create',
      'other',
      '--grant',
      'read:prod:*',
      '--grant',
      'write:prod:api',
      '--tokens-file',
      tokensFile,
    ]);
    const { out } = await run(['token', 'list', '--tokens-file', tokensFile]);
    expect(out).toMatch(/^web +write:default:web-\*$/m);
    expect(out).toMatch(/^other +read:prod:\* write:prod:api$/m);
    expect(out).not.toContain('sha256');
    expect((await run(['token', 'revoke', 'other', '--tokens-file', tokensFile])).code).toBe(0);
    expect((await run(['token', 'list', '--json', '--tokens-file', tokensFile])).out).not.toContain('other');
  });

  it('rollcall token create changes the file behind a link, and leaves its mode as it was', async () => {
    const file = path('linked.json');
    await run(['token', 'create', 'a', '--role', 'read', '--tokens-file', file]);
    chmodSync(file, 0o640);
    symlinkSync(file, path('link.json'));
    await run(['token', 'create', 'b', '--role', 'read', '--tokens-file', path('link.json')]);
    expect(lstatSync(path('link.json')).isSymbolicLink()).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readFileSync(file, 'utf8')).toContain('"b"');
  });

  it.each([
    [['create', 'web', '--role', 'read'], 'an earlier token has the same'],
    [['create', 'no name', '--role', 'read'], 'tokens[1].name must be'],
    [['create', 'x'], 'say what the token may do'],
    [['create', 'x', '--role', 'root'], 'Allowed choices are read, write, admin'],
    [['create', 'x', '--grant', 'read'], 'It must be role:env:services'],
    [['create', 'x', '--role', 'read', '--services', 'a*b'], 'services must be a list of names'],
    [['revoke', 'nothing'], 'has no token named "nothing": rollcall token list shows the names'],
  ])('rollcall token says what is wrong with %j, and leaves the file as it is', async (args, message) => {
    const before = readFileSync(tokensFile, 'utf8');
    const { code, err } = await run(['token', ...args, '--tokens-file', tokensFile]);
    expect([code === 0, err]).toEqual([false, expect.stringContaining(message)]);
    expect(readFileSync(tokensFile, 'utf8')).toBe(before);
  });

  it('rollcall serve says what is wrong with an edited tokens file, and repeats none of its values', async () => {
    const bad = path('bad.json');
    writeFileSync(
      bad,
      JSON.stringify({
        tokens: [{ name: 'a', hash: writer, grants: [{ role: 'x', envs: 'prod', service: [] }], role: 'y' }],
      }),
    );
    const { err, code } = await run(['serve', '--port', '0', '--tokens-file', bad]);
    expect(code).not.toBe(0);
    for (const part of [
      'tokens[0].hash must be sha256:',
      'grants[0].role must be one of read',
      'grants[0].envs must be',
      '"service" is unknown: the fields are role',
      '"role" is unknown: the fields are name, hash',
    ])
      expect(err).toContain(part);
    expect(err).not.toContain(writer);
  });
});

describe('a command on a server with tokens and TLS', () => {
  it('a command takes its token from a file or a variable, and exits with 5 where the token has no right', async () => {
    const byFile = start(['register', 'web-a', '10.0.0.1:80', ...common('--registry-token-file', path('token'))]);
    await expect
      .poll(async () => (await run(['list', '--json', ...common()], { ROLLCALL_REGISTRY_TOKEN: writer })).out, {
        timeout: 20_000,
      })
      .toContain('web-a');
    byFile.child.kill('SIGTERM');
    expect((await byFile.ended).code).toBe(143);
    // The command keeps trying, because an operator may give the token its rights later.
    const refused = start(['register', 'db', '10.0.0.1:80', ...common('--registry-token-file', path('token'))]);
    await expect.poll(() => heard, { timeout: 20_000 }).toContain('may not write service db');
    refused.child.kill('SIGTERM');
    await refused.ended;
    expect(await run(['list', ...common()])).toMatchObject({
      code: 5,
      err: expect.stringContaining('a token is needed'),
    });
    expect(await run(['list', '--registry-address', url])).toMatchObject({
      code: 3,
      err: expect.stringContaining('--registry-ca'),
    });
    const otherAdapter = await run(['list', '--registry', 'consul', ...tls]);
    expect(otherAdapter).toMatchObject({ code: 2, err: expect.stringContaining('it reads CONSUL_HTTP_ADDR') });
  });

  it('the error of an unreadable token file names the file', async () => {
    expect(await run(['list', ...common('--registry-token-file', path('none'))])).toMatchObject({
      code: 2,
      err: expect.stringContaining('none'),
    });
  });

  it('SIGHUP makes the server read its files again; a file with a fault is reported and changes nothing', async () => {
    const list = () => run(['list', ...common('--registry-token-file', path('token'))]);
    const text = readFileSync(tokensFile, 'utf8');
    writeFileSync(tokensFile, '{');
    server.kill('SIGHUP');
    await expect.poll(() => heard).toContain('stays in use, because the tokens file');
    expect((await list()).code).toBe(0);
    writeFileSync(tokensFile, '{"tokens":[]}');
    server.kill('SIGHUP');
    await expect.poll(async () => (await list()).code, { timeout: 20_000 }).toBe(5);
    writeFileSync(tokensFile, text);
    server.kill('SIGHUP');
    await expect.poll(async () => (await list()).code, { timeout: 20_000 }).toBe(0);
  });

  it('tokens and secrets of leases appear in no log, audit line, metric, error or process list', async () => {
    const unknown = 'rct_unknownunknownunknownunknownunknownunknown1';
    await run(['list', ...common()], { ROLLCALL_REGISTRY_TOKEN: unknown });
    const ask = async (route: string, init: RequestInit & { token?: string } = {}): Promise<string> => {
      const { token = writer, ...rest } = init;
      const request = await import('node:https');
      return await new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}`, ...(rest.headers as Record<string, string> | undefined) };
        const sent = request.request(
          `${url}${route}`,
          { method: rest.method ?? 'GET', headers, ca: readFileSync(path('ca.pem')) },
          (response) => {
            let answer = '';
            response.on('data', (chunk: Buffer) => {
              answer += chunk.toString();
            });
            response.once('end', () => resolve(answer));
          },
        );
        sent.once('error', reject).end(rest.body);
      });
    };
    const node = { env: 'default', appid: 'web-z', hostname: 'z', addrs: ['10.0.0.1:80'] };
    const headers = { 'content-type': 'application/json' };
    const registered = await ask('/api/register', {
      method: 'POST',
      headers,
      body: JSON.stringify({ instances: [node] }),
    });
    const { data } = JSON.parse(registered) as { data: { handles: number[]; secrets: string[] } };
    const secret = data.secrets[0]!;
    const answers = [
      await ask(`/api/nothing?token=${writer}`),
      await ask('/api/services?env=default', { token: unknown }),
      await ask(`/api/leases/${data.handles[0]}`, { method: 'PUT', headers: { 'lease-secret': secret } }),
      await ask('/api/leases', { method: 'PUT', headers, body: `[[1,"${secret}"],"${writer}"` }),
      await ask('/metrics'),
      await ask('/api/fetch/all?env=default'),
      await ask('/api/register', {
        method: 'POST',
        headers,
        body: JSON.stringify({ instances: [{ ...node, appid: writer }] }),
      }),
    ];
    const admin = (await run(['token', 'create', 'admin', '--role', 'admin', '--tokens-file', tokensFile])).out.trim();
    server.kill('SIGHUP');
    await expect.poll(() => ask('/metrics', { token: admin }), { timeout: 20_000 }).toContain('# HELP');
    answers.push(await ask('/metrics', { token: admin }));
    const processList = readFileSync(`/proc/${server.pid}/cmdline`, 'utf8');
    await expect.poll(() => readFileSync(path('audit.log'), 'utf8')).toContain('web-z');
    const places = {
      log: heard,
      audit: readFileSync(path('audit.log'), 'utf8'),
      processList,
      answers: answers.join('\n'),
    };
    for (const [place, text] of Object.entries(places))
      for (const [what, hidden] of Object.entries({ writer, unknown, secret, admin }))
        expect([place, what, text.includes(hidden)]).toEqual([place, what, false]);
    expect(places.audit).toContain('"who":"web"');
    expect(places.log).toContain('/api/services');
  });
});
