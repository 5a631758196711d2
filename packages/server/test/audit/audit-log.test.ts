import { readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createServer } from '../../src/index.ts';
import { TokensFile } from '../access/tokens.ts';
import { instance, type Running, running } from '../http.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

interface Audited extends Running {
  readonly path: string;
  readonly token: string;
  readonly admin: string;
  post(path: string, body: unknown, token?: string): Promise<Response>;
}

async function start(): Promise<Audited> {
  const file = new TokensFile();
  endings.push(() => file[Symbol.dispose]());
  const token = file.add('web', { role: 'write', envs: ['e'] });
  const admin = file.add('admin', {});
  const path = join(file.folder, 'audit.log');
  const server = await running({ tokensFile: file.path, auditLog: path });
  endings.push(() => server.server.close());
  const post: Audited['post'] = (route, body, given = token) =>
    fetch(`${server.url}${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${given}` },
      body: JSON.stringify(body),
    });
  return { ...server, path, token, admin, post };
}

const linesOf = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const written = (path: string, count: number) =>
  expect
    .poll(() => linesOf(path), { timeout: 10_000 })
    .toHaveLength(count)
    .then(() => linesOf(path));

describe('the audit log', () => {
  it('the audit log says of every write but a renewal which token did what, from where, and with which result', async () => {
    const { post, path, url, token } = await start();
    const key = { env: 'e', appid: 'web', hostname: 'a' };
    const { data } = (await (
      await post('/api/register', { instances: [instance(), instance({ hostname: 'b' })] })
    ).json()) as {
      data: { handles: number[] };
    };
    await post('/api/renew', { keys: [key] });
    await fetch(`${url}/api/leases/${data.handles[0]}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
    });
    await post('/api/cancel', { keys: [key] });
    await post('/api/cancel', { handles: [data.handles[1]] });
    await post('/api/register', { instances: [instance({ env: 'other' })] });
    await post('/api/protection/end', { env: 'e' });
    await post('/api/register', { instances: [instance()] }, 'unknown');
    await post('/api/register', { instances: 1 });
    await fetch(`${url}/api/backup`, { headers: { authorization: `Bearer ${token}` } });
    const lines = await written(path, 9);
    const common = { time: '1970-01-01T00:00:00.000Z', who: 'web', from: '127.0.0.1' };
    const web = { env: 'e', service: 'web' };
    const addresses = ['10.0.0.1:80'];
    expect(lines.map(({ time: _, ...line }) => line)).toEqual(
      [
        { ...common, action: 'register', result: 'done', status: 200, ...web, id: 'a', addresses },
        { ...common, action: 'register', result: 'done', status: 200, ...web, id: 'b', addresses },
        { ...common, action: 'cancel', result: 'done', status: 200, ...web, id: 'a' },
        { ...common, action: 'cancel', result: 'done', status: 200, ...web, id: 'b' },
        { ...common, action: 'register', result: 'refused', status: 403, ...web, env: 'other', id: 'a', addresses },
        { ...common, action: 'end protection', result: 'refused', status: 403 },
        { ...common, who: null, action: 'register', result: 'refused', status: 401 },
        { ...common, action: 'register', result: 'refused', status: 400 },
        { ...common, action: 'backup', result: 'refused', status: 403 },
      ].map(({ time: _, ...line }) => line),
    );
    expect(lines.every(({ time }) => !Number.isNaN(Date.parse(String(time))))).toBe(true);
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it('the audit log has a refusal for each instance that a cancel did not end: out of scope, held by another or not listed', async () => {
    const { post, path, admin } = await start();
    const other = { instances: [instance({ env: 'other' }), instance()] };
    const { data } = (await (await post('/api/register', other, admin)).json()) as { data: { handles: number[] } };
    const answer = await post('/api/cancel', { handles: [...data.handles, 99] });
    expect(((await answer.json()) as { data: object }).data).toEqual({ cancelled: 1 });
    await post('/api/cancel', { keys: [{ env: 'e', appid: 'web', hostname: 'none' }] });
    await post('/api/cancel', { handles: [99] });
    const lines = await written(path, 6);
    const web = { who: 'web', action: 'cancel', service: 'web' };
    expect(lines.slice(2)).toMatchObject([
      { ...web, result: 'done', status: 200, env: 'e', id: 'a' },
      { ...web, result: 'refused', status: 404, env: 'other', id: 'a' },
      { ...web, result: 'refused', status: 404, env: 'e', id: 'none' },
      { who: 'web', action: 'cancel', result: 'refused', status: 404 },
    ]);
    expect(lines.at(-1)).not.toHaveProperty('id');
  });

  it('after a reload the audit log goes on in a new file, and no line is lost or torn meanwhile', async () => {
    const { post, path, server } = await start();
    let done = false;
    let count = 0;
    const writing = (async () => {
      for (; !done; count += 1) await post('/api/register', { instances: [instance({ hostname: `n${count}` })] });
    })();
    const rotated = [1, 2, 3].map((number) => `${path}.${number}`);
    const more = () => {
      const before = count;
      return expect.poll(() => count, { timeout: 10_000 }).toBeGreaterThan(before + 3);
    };
    await more();
    for (const name of rotated) {
      renameSync(path, name);
      await server.reload();
      await more();
      // On a busy disk a write to the old file may take longer than the calls.
      await expect.poll(() => linesOf(path).length, { timeout: 10_000 }).toBeGreaterThan(0);
    }
    done = true;
    await writing;
    const all = () => [...rotated, path].flatMap(linesOf);
    await expect.poll(() => all().length).toBe(count);
    expect([...rotated, path].filter((name) => linesOf(name).length === 0)).toEqual([]);
    expect(all().map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, index) => `n${index}`));
  });

  it('the audit log counts refusals in a flood instead of writing each', async () => {
    const { post, path, server } = await start();
    for (let index = 0; index < 130; index += 1) await post('/api/register', { instances: [] }, 'unknown');
    await server.close();
    const lines = linesOf(path);
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toMatchObject({ action: 'refusals not written', count: 30 });
  });

  it('the audit log writes a hundred refused instances of one large request, and only counts the others', async () => {
    const { post, path, server } = await start();
    const instances = Array.from({ length: 130 }, (_, index) => instance({ env: 'other', hostname: `n${index}` }));
    await post('/api/register', { instances });
    await server.close();
    expect(linesOf(path)).toHaveLength(101);
  });

  it('an audit log that cannot be opened stops the server from starting', () => {
    expect(() => createServer({ port: 0, auditLog: '/no/such/folder/audit.log' })).toThrow(
      /cannot open the audit log: ENOENT/,
    );
  });

  it.runIf(process.platform === 'linux')(
    'a full disk under the audit log does not stop the server, which logs it once',
    async () => {
      using file = new TokensFile();
      const path = join(file.folder, 'audit.log');
      symlinkSync('/dev/full', path);
      const said: string[] = [];
      const tell = (_: object, message: string) => void said.push(message);
      const logger = { debug() {}, info() {}, warn() {}, error: tell };
      const server = await running({ auditLog: path, logger });
      endings.push(() => server.server.close());
      for (const hostname of ['a', 'b', 'c']) expect((await server.register(instance({ hostname }))).status).toBe(200);
      await expect.poll(() => said).toEqual([expect.stringContaining('lines of the audit log are lost')]);
    },
  );
});
