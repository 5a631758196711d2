/** Requests whose heads repeat skip the HTTP parser and the framework; they are answered as all others are. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { manualClock } from '@rollcall/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { LateServer } from '../../src/create-server.ts';
import type { ServerOptions } from '../../src/index.ts';
import { Authority } from '../access/certificates.ts';
import { TokensFile } from '../access/tokens.ts';
import { instance, type Running, running } from '../http.ts';
import { newFolder, removeFolders } from '../journal/folders.ts';
import { bare, json, Talk } from './talk.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
  removeFolders();
});

async function start(options: ServerOptions = {}): Promise<Running> {
  const server = await running(options);
  endings.push(() => server.server.close());
  return server;
}

async function opened(port: number, tls?: { readonly ca: string }): Promise<Talk> {
  const connection = await Talk.open(port, tls);
  endings.push(() => connection.socket.destroy());
  return connection;
}

const countOf = ({ server }: Running): number => (server as LateServer).repeatedCount;
const nodes = (count: number) => Array.from({ length: count }, (_, index) => instance({ hostname: `n${index}` }));

async function withLeases(options: ServerOptions = {}) {
  const server = await start(options);
  const { data } = await server.register(...nodes(3));
  return { server, handles: data.handles, talk: await opened(server.port) };
}

describe('a request whose head repeats', () => {
  it('a request whose head repeats skips the parser from the third on, and its answer is byte for byte that of the parser', async () => {
    const { server, handles, talk } = await withLeases();
    const requests = [
      (turn: number) => bare('PUT', `/api/leases/${handles[turn % 3]}`),
      () => json('PUT', '/api/leases', [handles[0], [handles[1], 3_000, 1_000], handles[2]]),
      (turn: number) => bare('GET', `/api/fetch?env=e&appid=${turn % 2 === 0 ? 'web' : 'none'}`),
      () => bare('GET', '/api/services?env=e'),
    ];
    for (const request of requests) {
      const before = countOf(server);
      const asked = [];
      for (let turn = 0; turn < 8; turn += 1) asked.push(await talk.ask(request(turn)));
      expect(asked.map(({ status }) => status)).toEqual(Array(8).fill(200));
      expect(countOf(server) - before).toBeGreaterThanOrEqual(6);
      // The first two requests went through the parser.
      expect(asked.slice(2)).toEqual([...asked.slice(0, 2), ...asked.slice(0, 2), ...asked.slice(0, 2)]);
    }
  });

  it('a renewal that skips the parser renews the lease', async () => {
    const clock = manualClock();
    const { server, handles, talk } = await withLeases({ clock });
    for (let turn = 0; turn < 10; turn += 1) {
      await talk.ask(bare('PUT', `/api/leases/${handles[0]}`));
      await talk.ask(json('PUT', '/api/leases', [handles[1]]));
      await clock.advance(1_000);
    }
    expect(countOf(server)).toBeGreaterThan(10);
    expect((await server.list()).map(({ hostname }) => hostname)).toEqual(['n0', 'n1']);
  });

  it('requests also skip the parser with the roll on disk, over TLS, with tokens and with lease secrets', async () => {
    using file = new TokensFile();
    const token = file.add('writer', { role: 'write' });
    const authority = await Authority.make('ours');
    const pair = await authority.sign('server');
    const [tlsCert, tlsKey] = (['cert', 'key'] as const).map((name) => {
      const path = join(file.folder, `${name}.pem`);
      writeFileSync(path, pair[name]);
      return path;
    });
    const server = await start({
      tokensFile: file.path,
      leaseSecrets: true,
      dataDir: newFolder(),
      tlsCert,
      tlsKey,
      clock: undefined,
    });
    const connection = await opened(server.port, { ca: authority.cert });
    const right = `Authorization: Bearer ${token}`;
    const registered = await connection.ask(json('POST', '/api/register', { instances: nodes(2) }, right));
    expect(registered.status).toBe(200);
    const { handles, secrets } = JSON.parse(registered.body).data as { handles: number[]; secrets: string[] };
    const renew = (index: number) => bare('PUT', `/api/leases/${handles[index]}`, right, `Lease-Secret: ${secrets[0]}`);
    const [first, ...more] = [
      await connection.teach(renew(0)),
      await connection.ask(renew(0)),
      await connection.ask(renew(0)),
    ];
    expect(more).toEqual([first, first]);
    expect(first.body).toContain('"durable":true');
    expect(countOf(server)).toBe(2);
    // The head that the server learned has the secret of another lease.
    expect((await connection.ask(renew(1))).status).toBe(404);
    expect(countOf(server)).toBe(2);
  });

  it('a request that skips the parser is measured and logged like any other', async () => {
    const lines: string[] = [];
    const on = (_fields: object, message: string): void => void lines.push(message);
    const logger = { debug: on, info: on, warn: on, error: on };
    const { server, handles, talk } = await withLeases({ logger, logRequests: 'all' });
    for (let turn = 0; turn < 6; turn += 1) await talk.ask(bare('PUT', `/api/leases/${handles[0]}`));
    expect(countOf(server)).toBe(4);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const series = 'rollcall_request_duration_seconds_count{method="PUT",route="/api/leases/:handle",status="2xx"}';
    expect(metrics).toContain(`${series} 6\n`);
    expect(metrics).toContain('rollcall_renewals_total 6\n');
    expect(lines.filter((line) => /^PUT \/api\/leases\/:handle 200 in \d+ ms$/.test(line))).toHaveLength(6);
  });
});

describe('what is refused', () => {
  it('a renewal of a lease that is gone, taken over or no number is answered by the handler', async () => {
    const { server, handles, talk } = await withLeases();
    const renew = (handle: unknown) => bare('PUT', `/api/leases/${handle}`);
    await talk.teach(renew(handles[0]));
    await server.register(instance({ hostname: 'n1', version: '2' }));
    await server.ask('POST', '/api/cancel', { handles: [handles[2]] });
    const heard = [];
    for (const handle of [handles[0], handles[1], handles[2], '9'.repeat(17), 'x', '-1', '1?a', '%31'])
      heard.push((await talk.ask(renew(handle))).status);
    expect(heard).toEqual([200, 409, 404, 400, 400, 400, 404, 404]);
    await talk.teach(json('PUT', '/api/leases', [handles[0], handles[1]]));
    const before = countOf(server);
    const both = await talk.ask(json('PUT', '/api/leases', [handles[0], handles[1]]));
    expect(JSON.parse(both.body).data.statuses).toEqual([200, 409]);
    expect(countOf(server)).toBe(before + 1);
  });

  it.each(['x', '{}', '[-1]', '["a"]', '[1,2,3,4', '[[1]]', '[1e99]'])(
    'a body that is not JSON, or not of the schema, is refused although its head repeats: %s',
    async (body) => {
      const { server, talk, handles } = await withLeases();
      const renew = (text: string) => json('PUT', '/api/leases', text.padEnd(20));
      await talk.teach(renew(`[${handles[0]}]`));
      const [fast, slow] = [await talk.ask(renew(body)), await (await opened(server.port)).ask(renew(body))];
      expect([fast.status, fast]).toEqual([400, slow]);
    },
  );

  it('HEAD, another method and another path are never taken for the learned request', async () => {
    const { talk } = await withLeases();
    const target = '/api/fetch?env=e&appid=web';
    await talk.teach(bare('GET', target));
    await talk.teach(bare('GET', target));
    const statuses = [];
    for (const request of [
      bare('DELETE', target),
      bare('GET', '/api/fetchx?env=e&appid=web'),
      bare('GET', `${target}&exact=1`),
      bare('GET', `${target}&env=f`),
      bare('GET', '/api/fetch?appid=web&env=e'),
      bare('GET', '/api/fetch?env=e&appid='),
      bare('GET', '/api/fetch'),
      bare('GET', target),
    ])
      statuses.push((await talk.ask(request)).status);
    expect(statuses).toEqual([404, 404, 200, 400, 200, 400, 400, 200]);
  });

  it('an answer to HEAD has no body, however often it is asked', async () => {
    const { server, talk } = await withLeases();
    for (let turn = 0; turn < 4; turn += 1) talk.socket.write(bare('HEAD', '/api/fetch?env=e&appid=web'));
    for (let turn = 0; turn < 4; turn += 1) {
      talk.socket.write(bare('HEAD', '/api/fetch?env=e&appid=web'));
      await pause(20);
    }
    talk.socket.write(bare('GET', '/healthz', 'Connection: close'));
    await talk.closed;
    expect(countOf(server)).toBe(0);
  });
});

describe('rights', () => {
  it('a token no longer counts once it is replaced, removed or given other rights, even in a learned head', async () => {
    using file = new TokensFile();
    const writer = { role: 'write', envs: ['e'], services: ['*'] } as const;
    const token = file.add('writer', writer);
    const server = await start({ tokensFile: file.path });
    const connection = await opened(server.port);
    const right = `Authorization: Bearer ${token}`;
    const registered = await connection.ask(json('POST', '/api/register', { instances: nodes(1) }, right));
    const [handle] = JSON.parse(registered.body).data.handles as number[];
    const renew = bare('PUT', `/api/leases/${handle}`, right);
    await connection.teach(renew);
    expect((await connection.ask(renew)).status).toBe(200);
    expect(countOf(server)).toBe(1);
    file.add('another', writer);
    await server.server.reload();
    expect((await connection.ask(renew)).status).toBe(200);
    expect(countOf(server)).toBe(2);
    file.remove('writer');
    await server.server.reload();
    expect((await connection.ask(renew)).status).toBe(401);
    expect(countOf(server)).toBe(2);
  });

  it('a token reads and renews only within its scope, whatever was asked before on the connection', async () => {
    using file = new TokensFile();
    const admin = file.add('admin', { role: 'admin' });
    const web = file.add('web', { role: 'write', envs: ['e'], services: ['web'] });
    const server = await start({ tokensFile: file.path });
    const connection = await opened(server.port);
    const by = (token: string) => `Authorization: Bearer ${token}`;
    const all = [instance(), instance({ appid: 'db' })];
    const registered = await connection.ask(json('POST', '/api/register', { instances: all }, by(admin)));
    const [own, other] = JSON.parse(registered.body).data.handles as number[];
    const renew = (handle: unknown, token: string) => bare('PUT', `/api/leases/${handle}`, by(token));
    const fetch = (service: string, token: string) => bare('GET', `/api/fetch?env=e&appid=${service}`, by(token));
    await connection.teach(renew(other, admin));
    await connection.teach(fetch('db', admin));
    await connection.teach(renew(own, web));
    await connection.teach(fetch('web', web));
    const before = countOf(server);
    const statuses = [];
    for (const request of [
      ...[renew(other, admin), renew(own, web), fetch('db', admin), fetch('web', web)],
      ...[fetch('db', web), renew(other, web), bare('GET', '/api/fetch?env=e&appid=web'), renew(own, 'x')],
    ])
      statuses.push((await connection.ask(request)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 403, 404, 401, 401]);
    expect(countOf(server)).toBe(before + 4);
  });

  it('another Host, another origin and a second Host are refused after a learned head', async () => {
    const { handles, talk } = await withLeases();
    const target = `/api/leases/${handles[0]}`;
    await talk.teach(bare('PUT', target));
    const evil = `PUT ${target} HTTP/1.1\r\nHost: evil.example\r\n\r\n`;
    expect((await talk.ask(evil)).status).toBe(421);
    await talk.teach(bare('PUT', target));
    expect((await talk.ask(bare('PUT', `http://evil.example${target}`))).status).toBe(421);
    await talk.teach(bare('PUT', target));
    expect((await talk.ask(bare('PUT', target, 'Host: 127.0.0.1'))).status).toBe(400);
    await talk.teach(bare('PUT', target));
    expect((await talk.ask(bare('PUT', target, 'Origin: http://evil.example'))).status).toBe(403);
  });
});
