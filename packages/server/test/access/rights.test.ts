import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LateServer } from '../../src/create-server.ts';
import { type Grant, type Role, roles } from '../../src/index.ts';
import { instance, type Running, running } from '../http.ts';
import { newFolder, removeFolders } from '../journal/folders.ts';
import { bare, json, Talk } from '../repeats/talk.ts';
import { TokensFile } from './tokens.ts';

/** The rights that a route demands. They are written by hand; the tests compare the server's rules with them. */
interface Expected {
  readonly role: Role | 'none';
  /**
   * The part of the roll for which the caller needs the role: the service `web-a`, the env `prod`, some service of
   * `prod`, or everything.
   */
  readonly of: 'service' | 'env' | 'some' | 'server' | 'caller';
  readonly path: string;
  readonly body?: unknown;
}

const key = { env: 'prod', appid: 'web-a', hostname: 'a' };

/** A new route needs a line here; without it the first test fails. HEAD needs the rights of its GET. */
const expectations: Readonly<Record<string, Expected>> = {
  'GET /healthz': { role: 'none', of: 'server', path: '/healthz' },
  'GET /metrics': { role: 'read', of: 'server', path: '/metrics' },
  'GET /readyz': { role: 'none', of: 'server', path: '/readyz' },
  'GET /api/backup': { role: 'admin', of: 'server', path: '/api/backup' },
  'GET /api/openapi.json': { role: 'none', of: 'server', path: '/api/openapi.json' },
  'POST /api/register': {
    ...{ role: 'write', of: 'service', path: '/api/register' },
    body: { instances: [instance(key)] },
  },
  'POST /api/renew': { role: 'write', of: 'service', path: '/api/renew', body: { keys: [key] } },
  'POST /api/cancel': {
    role: 'write',
    of: 'service',
    path: '/api/cancel',
    body: { keys: [{ ...key, hostname: 'z' }] },
  },
  'PUT /api/leases': { role: 'write', of: 'caller', path: '/api/leases', body: [1] },
  'PUT /api/leases/:handle': { role: 'write', of: 'caller', path: '/api/leases/1' },
  'GET /api/fetch': { role: 'read', of: 'service', path: '/api/fetch?env=prod&appid=web-a' },
  'GET /api/fetch/all': { role: 'read', of: 'some', path: '/api/fetch/all?env=prod' },
  'POST /api/set': {
    role: 'write',
    of: 'service',
    path: '/api/set',
    body: { instances: [{ ...key, hostname: 'z' }] },
  },
  'GET /api/poll': { role: 'read', of: 'service', path: '/api/poll?env=prod&appid=web-a&waitMs=0' },
  'GET /api/changes': { role: 'read', of: 'some', path: '/api/changes?env=prod' },
  'GET /api/services': { role: 'read', of: 'some', path: '/api/services?env=prod' },
  'GET /api/watch': { role: 'read', of: 'some', path: '/api/watch?env=prod' },
  'GET /api/status': { role: 'read', of: 'env', path: '/api/status?env=prod' },
  'POST /api/protection/end': {
    ...{ role: 'admin', of: 'env', path: '/api/protection/end' },
    body: { env: 'prod' },
  },
};

/** The scopes that a grant may have. */
const scopes = {
  everywhere: { envs: ['*'], services: ['*'] },
  'in prod': { envs: ['prod'], services: ['*'] },
  'for web-* in prod': { envs: ['prod'], services: ['web-*'] },
  'for db in prod': { envs: ['prod'], services: ['db'] },
  'for prod-like names in dev': { envs: ['dev', 'produce'], services: ['*'] },
} as const;
type Scope = keyof typeof scopes;

const covered: Readonly<Record<Expected['of'], readonly Scope[]>> = {
  service: ['everywhere', 'in prod', 'for web-* in prod'],
  env: ['everywhere', 'in prod'],
  some: ['everywhere', 'in prod', 'for web-* in prod', 'for db in prod'],
  server: ['everywhere'],
  caller: Object.keys(scopes) as Scope[],
};

const isAllowed = ({ role, of }: Expected, has: Role, scope: Scope): boolean =>
  role === 'none' || (roles.indexOf(has) >= roles.indexOf(role) && covered[of].includes(scope));

let server: Running;
const file = new TokensFile();
const tokens = new Map<string, string>();
beforeAll(async () => {
  for (const role of roles)
    for (const [scope, grant] of Object.entries(scopes))
      tokens.set(`${role} ${scope}`, file.add(`${role}-${scope.replaceAll(/\W/g, '-')}`, { role, ...grant } as Grant));
  server = await running({ tokensFile: file.path, dataDir: newFolder() });
});
afterAll(async () => {
  await server.server.close();
  file[Symbol.dispose]();
  removeFolders();
});

async function statusOf(route: string, authorization: string | undefined): Promise<number> {
  const { path, body } = expectations[route.replace(/^HEAD/, 'GET')]!;
  const control = new AbortController();
  const response = await fetch(`${server.url}${path}`, {
    method: route.split(' ')[0]!,
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: control.signal,
  });
  control.abort();
  return response.status;
}

const routesOf = (): readonly string[] =>
  (server.server as LateServer).routes.map(({ method, path }) => `${method} ${path}`);

describe('every route of the server', () => {
  it('rights.test.ts lists the rights of every route of the server', () => {
    expect(routesOf().filter((route) => !(route.replace(/^HEAD/, 'GET') in expectations))).toEqual([]);
    expect(routesOf().length).toBeGreaterThan(15);
  });

  it('every route refuses a request without a token with 401 unless it is open', async () => {
    const unknown = `Bearer rct_${'x'.repeat(43)}`;
    for (const authorization of [undefined, '', 'Bearer', 'Bearer ', 'Basic cm9vdDpyb290', unknown])
      for (const route of routesOf()) {
        const { role } = expectations[route.replace(/^HEAD/, 'GET')]!;
        const status = await statusOf(route, authorization);
        expect([route, authorization, status === 401]).toEqual([route, authorization, role !== 'none']);
      }
  });

  it.each(roles.flatMap((role) => (Object.keys(scopes) as Scope[]).map((scope) => [role, scope] as const)))(
    'the server admits a token with the role %s %s exactly where that is enough, and answers 403 elsewhere',
    async (role, scope) => {
      const wrong: unknown[] = [];
      for (const route of routesOf()) {
        const expected = expectations[route.replace(/^HEAD/, 'GET')]!;
        const status = await statusOf(route, `Bearer ${tokens.get(`${role} ${scope}`)}`);
        const allowed = status !== 401 && status !== 403;
        if (allowed !== isAllowed(expected, role, scope) || status === 400 || (status >= 500 && status !== 501))
          wrong.push([route, status]);
      }
      expect(wrong).toEqual([]);
    },
  );

  it('a repeated request has exactly the rights of the first, also where it skips the HTTP parser', async () => {
    const repeating = Object.entries(expectations).filter(([route]) => repeated.has(route));
    const before = (server.server as LateServer).repeatedCount;
    let allowed = 0;
    const wrong: unknown[] = [];
    for (const [route, expected] of repeating)
      for (const [name, token] of [...tokens, ['unknown', 'rct_x'] as const]) {
        const [role = '', ...scope] = name.split(' ');
        const isIn = name !== 'unknown' && isAllowed(expected, role as Role, scope.join(' ') as Scope);
        allowed += Number(isIn);
        const statuses = await repeatedStatuses(route.split(' ')[0]!, expected, `Authorization: Bearer ${token}`);
        const refused = statuses.filter((status) => status === 401 || status === 403);
        if (refused.length !== (isIn ? 0 : statuses.length)) wrong.push([route, name, statuses]);
      }
    expect(wrong).toEqual([]);
    // Of four allowed requests two skip the parser; those with an unknown handle go to the handler.
    expect((server.server as LateServer).repeatedCount - before).toBeGreaterThanOrEqual(allowed);
  });
});

/** The routes whose repeated requests skip the parser. */
const repeated = new Set(['PUT /api/leases', 'PUT /api/leases/:handle', 'GET /api/fetch', 'GET /api/services']);

async function repeatedStatuses(method: string, { path, body }: Expected, header: string): Promise<number[]> {
  const bytes = body === undefined ? bare(method, path, header) : json(method, path, body, header);
  const statuses: number[] = [];
  let connection = await Talk.open(server.port);
  for (let turn = 0; turn < 4; turn += 1) {
    if (connection.socket.destroyed) connection = await Talk.open(server.port);
    const { status, head } = await connection.ask(bytes);
    statuses.push(status);
    if (/^connection: close/im.test(head)) await connection.closed;
  }
  connection.socket.destroy();
  return statuses;
}
