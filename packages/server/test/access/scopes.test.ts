import { afterEach, describe, expect, it } from 'vitest';
import { instance, type Running, running, watch } from '../http.ts';
import { TokensFile } from './tokens.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** A server with tokens: `all` may do everything, `web` writes web-* in prod and reads nothing else. */
async function start(
  options: object = {},
): Promise<Running & { file: TokensFile; all: As; web: As; as(token: string): As }> {
  const file = new TokensFile();
  endings.push(() => file[Symbol.dispose]());
  const all = file.add('all', { role: 'admin' });
  const web = file.add('web', { role: 'write', envs: ['prod'], services: ['web-*'] });
  const server = await running({ tokensFile: file.path, ...options });
  endings.push(() => server.server.close());
  const as = (token: string): As => asToken(server.url, token);
  return { ...server, file, as, all: as(all), web: as(web) };
}

/** The data of the answers in these tests. */
interface Data {
  readonly instances: readonly { readonly appid: string }[];
  readonly services: unknown;
  readonly environments: unknown;
  readonly handles: readonly number[];
  readonly statuses: readonly number[];
  readonly cancelled: number;
}

interface As {
  readonly token: string;
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; data: Data; message: string }>;
  register(...nodes: object[]): Promise<{ status: number; data: Data; message: string }>;
}

function asToken(url: string, token: string): As {
  const ask: As['ask'] = async (method, path, body) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, ...((await response.json()) as { data: Data; message: string }) };
  };
  return { token, ask, register: (...instances) => ask('POST', '/api/register', { instances }) };
}

const node = (appid: string, hostname: string, over: object = {}) =>
  instance({ env: 'prod', appid, hostname, ...over });
const names = ({ data }: { data: Data }): string[] => data.instances.map(({ appid }) => appid).sort();

describe('a token for some services of an env', () => {
  it('a token for some services sees only those in lists, names of services and watches', async () => {
    const { all, web, url } = await start();
    await all.register(node('web-a', '1'), node('db', '1'), node('web-a', '1', { env: 'dev' }));
    expect(names(await web.ask('GET', '/api/fetch/all?env=prod'))).toEqual(['web-a']);
    expect((await web.ask('GET', '/api/services?env=prod')).data.services).toEqual([
      { appid: 'web-a', versions: [''] },
    ]);
    expect((await web.ask('GET', '/api/status')).data.environments).toEqual([]);
    const events = watch(`${url}/api/watch?env=prod`, { authorization: `Bearer ${web.token}` });
    expect((await events.next()).value!.data.instances.map((one: { appid: string }) => one.appid)).toEqual(['web-a']);
    await all.register(node('db', '2'));
    await all.register(node('web-b', '1'));
    expect((await events.next()).value).toMatchObject({ event: 'put', data: { appid: 'web-b' } });
    await all.ask('POST', '/api/cancel', { keys: [node('db', '1'), node('web-b', '1')] });
    expect((await events.next()).value).toMatchObject({ event: 'remove', data: { appid: 'web-b' } });
    await events.return(undefined);
    // A token never gets an answer that the server made for a token of another scope.
    expect(names(await all.ask('GET', '/api/fetch/all?env=prod'))).toEqual(['db', 'web-a']);
    expect(names(await web.ask('GET', '/api/fetch/all?env=prod'))).toEqual(['web-a']);
  });

  it('a token for some services reads the changes of those services alone, with the names of tokens, and can poll and set no other service', async () => {
    const { all, web } = await start();
    await web.register(node('web-a', '1'));
    await all.register(node('db', '1'), node('web-a', '1', { env: 'dev' }));
    const texts = async (as: As, query = '') => {
      const { data } = await as.ask('GET', `/api/changes${query}`);
      return (data as unknown as { changes: { text: string }[] }).changes.map(({ text }) => text);
    };
    const own = 'web-a/1 was registered at 10.0.0.1:80 by web at 127.0.0.1';
    expect(await texts(web)).toEqual([own]);
    expect(await texts(web, '?env=prod')).toEqual([own]);
    expect((await texts(all)).length).toBe(3);
    const refused = {
      status: 403,
      message: 'the token web may not read service db in env prod: it needs a grant with the role read for it',
    };
    expect(await web.ask('GET', '/api/changes?env=prod&appid=db')).toMatchObject(refused);
    expect(await web.ask('GET', '/api/poll?env=prod&appid=web-a&appid=db')).toMatchObject(refused);
    expect(await web.ask('GET', '/api/changes?env=dev')).toMatchObject({ status: 403 });
    expect(await web.ask('GET', '/api/fetch?env=prod&appid=db&at=1ms')).toMatchObject(refused);
    const out = (appid: string) => ({ instances: [{ env: 'prod', appid, hostname: '1', status: 2 }] });
    expect(await web.ask('POST', '/api/set', out('db'))).toMatchObject({ status: 403 });
    expect(await web.ask('POST', '/api/set', out('web-a'))).toMatchObject({ status: 200 });
  });

  it('a register with one instance outside the rights of the token stores nothing', async () => {
    const { all, web } = await start();
    expect(await web.register(node('web-a', '1'), node('db', '1'))).toMatchObject({
      status: 403,
      message: 'the token web may not write service db in env prod: it needs a grant with the role write for it',
    });
    expect(names(await all.ask('GET', '/api/fetch/all?env=prod'))).toEqual([]);
  });

  it('a guessed handle is answered as unknown to a token without rights on its service', async () => {
    const { all, web } = await start();
    const [db] = (await all.register(node('db', '1'))).data.handles;
    const [own] = (await web.register(node('web-a', '1'))).data.handles;
    expect((await web.ask('PUT', '/api/leases', [db, own, [db, 1_000, 500]])).data.statuses).toEqual([404, 200, 404]);
    expect((await web.ask('PUT', `/api/leases/${db}`)).status).toBe(404);
    expect((await web.ask('POST', '/api/cancel', { handles: [db] })).data.cancelled).toBe(0);
    expect(names(await all.ask('GET', '/api/fetch/all?env=prod'))).toEqual(['db', 'web-a']);
  });

  it('a token at its limit may register no further instance; its instances renew, and other tokens register', async () => {
    const { all, web, file, server, as } = await start({ maxInstancesPerToken: 2 });
    const one = as(file.add('one', { role: 'write' }, 1));
    await server.reload();
    expect((await web.register(node('web-a', '1'), node('web-a', '2'))).status).toBe(200);
    expect(await web.register(node('web-a', '3'))).toMatchObject({
      status: 429,
      message:
        'the token web has 2 instances on the roll and may have 2: raise maxInstances of the token, or --max-instances-per-token',
    });
    expect((await web.register(node('web-a', '1'), node('web-a', '2'))).status).toBe(200);
    expect((await one.register(node('web-b', '1'))).status).toBe(200);
    expect((await one.register(node('web-b', '2'))).status).toBe(429);
    // An instance that has left, or that another token has taken over, no longer counts.
    await web.ask('POST', '/api/cancel', { keys: [node('web-a', '1')] });
    await all.register(node('web-a', '2'));
    expect((await web.register(node('web-a', '4'), node('web-a', '5'))).status).toBe(200);
    expect((await web.register(node('web-a', '6'))).status).toBe(429);
  });
});

describe('a reload of the tokens file', () => {
  it('a reload of the tokens file ends watches of tokens that are gone or have other rights, and no others', async () => {
    const { all, web, url, file, server } = await start();
    const open = async (as: As) => {
      const events = watch(`${url}/api/watch?env=prod&appid=web-a`, { authorization: `Bearer ${as.token}` });
      await events.next();
      return events;
    };
    const [kept, cut] = [await open(all), await open(web)];
    file.remove('web');
    await server.reload();
    // The server breaks off the connection.
    await expect(cut.next()).rejects.toThrow();
    expect((await web.ask('GET', '/api/services?env=prod')).status).toBe(401);
    await all.register(node('web-a', '9'));
    expect((await kept.next()).value).toMatchObject({ event: 'put' });
    await kept.return(undefined);
  });

  it('a watch that resumes with other rights starts with a new snapshot, and sees no more than its rights allow', async () => {
    const { all, url, file, server, as } = await start();
    const grant = (services: string[]) => ({ role: 'read', envs: ['prod'], services }) as const;
    await all.register(node('web-a', '1'), node('db', '1'));
    const first = async (as: As, headers: Record<string, string> = {}) => {
      const events = watch(`${url}/api/watch?env=prod`, { authorization: `Bearer ${as.token}`, ...headers });
      const { value } = await events.next();
      await events.return(undefined);
      return value!;
    };
    const narrow = as(file.add('narrow', grant(['web-*'])));
    const wide = as(file.add('wide', grant(['web-*', 'db'])));
    await server.reload();
    const { id } = await first(narrow);
    expect(await first(narrow, { 'last-event-id': id })).toMatchObject({ event: 'current', id });
    const seen = ({ data }: { data: Data }): string[] => names({ data });
    const widened = await first(wide, { 'last-event-id': id });
    expect([widened.event, seen(widened)]).toEqual(['snapshot', ['db', 'web-a']]);
    const whole = await first(all, { 'last-event-id': id });
    expect([whole.event, seen(whole)]).toEqual(['snapshot', ['db', 'web-a']]);
    const narrowed = await first(narrow, { 'last-event-id': whole.id });
    expect([narrowed.event, seen(narrowed)]).toEqual(['snapshot', ['web-a']]);
  });

  it.each(['/api/poll?env=prod&appid=web-a&since=0', '/api/changes?env=prod&appid=web-a&waitMs=30000'])(
    'a waiting request of a revoked token sees no later change: %s',
    async (path) => {
      const { all, web, file, server } = await start();
      const { cursor } = (await all.ask('GET', '/api/changes?env=prod')).data as unknown as { cursor: string };
      const waiting = web.ask('GET', `${path.replace('&since=0', '')}&since=${cursor}`);
      // The waiting request reaches the server before the token is revoked.
      await expect.poll(async () => (await web.ask('GET', '/api/services?env=prod')).status).toBe(200);
      file.remove('web');
      await server.reload();
      await all.register(node('web-a', '1'));
      expect((await waiting).status).toBe(401);
    },
  );
});
