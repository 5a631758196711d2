import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { AccessGuard } from '../../src/access/access-guard.ts';
import { allows, type Grant, servicesOf } from '../../src/access/grant.ts';
import { open, readsServer } from '../../src/access/route-access.ts';
import { hashToken, newToken, TokenIndex } from '../../src/access/token.ts';
import { remedyOf, Tokens } from '../../src/access/tokens.ts';
import { maxTokens, parseTokensFile, writeTokensFile } from '../../src/access/tokens-file.ts';
import { TokensFile } from './tokens.ts';

describe('a route without a rule', () => {
  it('a route without an access rule, also in a plugin, stops the server from starting, and the message names the route', async () => {
    const app = fastify();
    const guard = new AccessGuard(app, new Tokens(undefined));
    app.get('/open', { config: { access: open } }, () => 'x');
    guard.check();
    app.register(
      (plugin, _options, done) => {
        plugin.post('/forgotten', () => 'x');
        plugin.get('/ruled', { config: { access: readsServer } }, () => 'x');
        done();
      },
      { prefix: '/api' },
    );
    await app.ready();
    expect(() => guard.check()).toThrow('these routes have no rule of access: POST /api/forgotten');
    await app.close();
  });

  it('a route without an access rule answers no request, even if the check at the start is left out', async () => {
    using file = new TokensFile();
    const app = fastify();
    new AccessGuard(app, new Tokens(file.path));
    app.get('/forgotten', () => 'secret');
    const { statusCode, body } = await app.inject('/forgotten');
    expect([statusCode, body.includes('secret')]).toEqual([401, false]);
    await app.close();
  });
});

describe('a grant', () => {
  const grant = (over: Partial<Grant> = {}): Grant => ({
    role: 'write',
    envs: ['prod', 'test-*'],
    services: ['web-*', 'api'],
    ...over,
  });

  it.each([
    ['prod', 'web-a', true],
    ['prod', 'web-', true],
    ['prod', 'web', false],
    ['prod', 'api', true],
    ['prod', 'api2', false],
    ['prod', 'xweb-a', false],
    ['test-1', 'web-a', true],
    ['test', 'web-a', false],
    ['prod2', 'web-a', false],
    ['Prod', 'web-a', false],
    ['prod', 'WEB-a', false],
    ['prod', undefined, false],
    ['*', 'web-a', false],
  ])('a grant for prod and test-*, web-* and api covers %s/%s: %s', (env, service, expected) => {
    expect(allows(grant(), 'write', { env, service })).toBe(expected);
    expect(allows(grant(), 'read', { env, service })).toBe(expected);
    expect(allows(grant(), 'admin', { env, service })).toBe(false);
  });

  it('the right to a whole env needs one grant of all services: two grants of half the names are not enough', () => {
    expect(allows(grant({ services: ['*'] }), 'read', { env: 'prod' })).toBe(true);
    const grants = [
      grant({ services: ['a*'] }),
      grant({ role: 'read', services: ['b'] }),
      grant({ envs: ['dev'], services: ['*'] }),
    ];
    expect(servicesOf(grants, 'read', 'prod')).toEqual(['a*', 'b']);
    expect(servicesOf(grants, 'write', 'prod')).toEqual(['a*']);
  });
});

describe('a tokens file', () => {
  const entry = { name: 'a', hash: hashToken('x'), grants: [{ role: 'read', envs: ['*'], services: ['*'] }] };
  const faultsOf = (text: unknown): string =>
    parseTokensFile(typeof text === 'string' ? text : JSON.stringify(text)).faults?.join('; ') ?? 'none';

  it.each<[unknown, string]>([
    ['', 'it is not JSON, as `rollcall token create` writes it'],
    ['null', 'it must be an object with a list `tokens`'],
    ['[]', 'it must be an object with a list `tokens`'],
    [{ tokens: [entry], token: [] }, '"token" is unknown: the fields are tokens'],
    [{ tokens: [{ ...entry, hash: 'sha256:abc' }] }, 'tokens[0].hash must be sha256:'],
    [{ tokens: [{ ...entry, name: 'a\nb' }] }, 'tokens[0].name must be'],
    [{ tokens: [{ ...entry, name: '__proto__' }] }, 'tokens[0].name must be'],
    [
      { tokens: [entry, { ...entry, hash: hashToken('y') }] },
      'tokens[1].name: an earlier token has the same, so choose another',
    ],
    [{ tokens: [entry, { ...entry, name: 'b' }] }, 'tokens[1].hash: an earlier token has the same, so choose another'],
    [{ tokens: [{ ...entry, grants: [] }] }, 'tokens[0].grants must be a list of at least one grant'],
    [
      { tokens: [{ ...entry, grants: [{ role: 'read', envs: [], services: ['*'] }] }] },
      'grants[0].envs must be a list',
    ],
    [
      { tokens: [{ ...entry, grants: [{ role: 'read', envs: ['a*b'], services: ['*'] }] }] },
      'grants[0].envs must be a list',
    ],
    [{ tokens: [{ ...entry, grants: [{ role: 'read', services: ['*'] }] }] }, 'grants[0].envs must be a list'],
    [{ tokens: [{ ...entry, maxInstances: -1 }] }, 'tokens[0].maxInstances must be a whole number'],
    [{ tokens: Array(maxTokens + 1).fill(entry) }, `it may have at most ${maxTokens} tokens, and has ${maxTokens + 1}`],
    [{ tokens: [entry] }, 'none'],
  ])('a tokens file with a fault is refused as a whole (case %#)', (text, fault) => {
    expect(faultsOf(text)).toContain(fault);
  });

  it('a tokens file reports all its faults at once, and reads back as it was written', () => {
    expect(faultsOf({ tokens: [{ name: '', hash: '', grants: [{ role: 'root' }] }, 1] }).split('; ')).toHaveLength(6);
    const { entries } = parseTokensFile(
      writeTokensFile([{ ...entry, grants: [{ role: 'read', envs: ['a'], services: ['b*'] }] }]),
    );
    expect(entries).toEqual([{ ...entry, grants: [{ role: 'read', envs: ['a'], services: ['b*'] }] }]);
  });
});

it('a tokens file with the byte order mark and the line ends of Windows is read', () => {
  using file = new TokensFile();
  const token = file.add('web', { role: 'read' });
  writeFileSync(file.path, `\uFEFF${readFileSync(file.path, 'utf8').replaceAll('\n', '\r\n')}`);
  expect(new Tokens(file.path).find(token)?.name).toBe('web');
});

it.runIf(process.platform !== 'win32')('a pipe in the place of the tokens file is refused and not waited for', () => {
  using file = new TokensFile();
  const tokens = new Tokens(file.path);
  rmSync(file.path);
  execFileSync('mkfifo', [file.path]);
  expect(() => tokens.reload()).toThrow(/is not a file/);
});

it('the message about an unreadable tokens file asks for its permissions, and about a missing one for a new file', () => {
  const failure = (code: string): Error => Object.assign(new Error(code), { code });
  expect(remedyOf(failure('EACCES'))).toBe('let the user of the server read it (chown, chgrp)');
  expect(remedyOf(failure('ENOENT'))).toBe('make one with `rollcall token create`');
});

it('a token is found by its hash as fast among ten thousand as alone', () => {
  const tokens = Array.from({ length: 10_000 }, newToken);
  const index = new TokenIndex(tokens.map((token, number) => [hashToken(token), number] as const));
  expect([index.find(tokens[7_000]!), index.find(`${tokens[7_000]}x`), index.find('')]).toEqual([
    7_000,
    undefined,
    undefined,
  ]);
  expect(new Set(tokens).size).toBe(10_000);
});
