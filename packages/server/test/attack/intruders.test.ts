/** Clients send requests for which they have no right, in every disguise that a request can have. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokensFile } from '../access/tokens.ts';
import { instance, type Running, running } from '../http.ts';
import { raw } from './raw.ts';

const file = new TokensFile();
let server: Running;
let token: string;
beforeAll(async () => {
  token = file.add('web', { role: 'write', envs: ['e'], services: ['web'] });
  server = await running({ tokensFile: file.path, clock: undefined });
});
afterAll(async () => {
  await server.server.close();
  file[Symbol.dispose]();
});

const body = JSON.stringify({ instances: [instance()] });

/** The statuses of all answers to exactly these bytes. */
async function answersTo(bytes: string): Promise<readonly number[]> {
  const connection = await raw(server.port, bytes);
  const end = setTimeout(() => connection.socket.destroy(), 3_000);
  connection.socket.on('data', () => {
    if (/\r\n\r\n/.test(connection.text())) setTimeout(() => connection.socket.end(), 100);
  });
  await connection.closed;
  clearTimeout(end);
  return [...connection.text().matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
}
const get = (target: string, ...headers: string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: 127.0.0.1', ...headers, '', ''].join('\r\n');
const post = (target: string, headers: readonly string[], text: string): string =>
  [`POST ${target} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Length: ${text.length}`, ...headers, '', text].join('\r\n');
const json = 'Content-Type: application/json';
const withToken = (): string => `Authorization: Bearer ${token}`;

describe('a client without a token', () => {
  it.each([
    'X-Forwarded-For: 127.0.0.1',
    'X-Real-IP: 127.0.0.1',
    'Forwarded: for=127.0.0.1',
    'User-Agent: Nacos-Server',
    'X-Rollcall-Peer: 1',
    'X-Original-URL: /healthz',
    'X-HTTP-Method-Override: HEAD',
    'Connection: close, Authorization',
    'Cookie: token=admin',
    'Authorization: Basic YWRtaW46YWRtaW4=',
    'Authorization: Bearer undefined',
    'Authorization: Bearer null',
    'Proxy-Authorization: Bearer x',
  ])('a client without a token is rejected also with the header %s', async (header) => {
    expect(await answersTo(get('/api/status', header))).toEqual([401]);
  });

  it.each([
    ...[
      '//api/status',
      '/api//status',
      '/api/status/',
      '/api/./status',
      '/healthz/../api/status',
      '/api/%2e%2e/api/status',
    ],
    ...[
      '/api%2fstatus',
      '/api/statu%73',
      '/API/status',
      '/api/status;x=1',
      '/healthz;/../api/status',
      '/api/status%00',
    ],
    ...[
      '/api/status%20',
      '/api/status?/healthz',
      '/healthz%3f/api/status',
      'http://127.0.0.1/api/status',
      '/api/status#/healthz',
    ],
    ...['/api/nothing', '/', '/debug', '*'],
  ])('a client without a token is rejected also at the path %s', async (path) => {
    const [status = 0] = await answersTo(get(path));
    expect([400, 401, 404].includes(status) && status !== 404 ? 'refused' : status).toBe('refused');
  });

  it('an open route is open only at its own path', async () => {
    expect(await answersTo(get('/healthz'))).toEqual([200]);
  });

  it.each(['token', 'access_token', 'authorization', 'bearer', 'accessToken'])(
    'a client with a right token in the query as %s is rejected, since proxies would log the token',
    async (name) => {
      expect(await answersTo(get(`/api/services?env=e&${name}=${token}`))).toEqual([401]);
      expect(await answersTo(get(`/api/services?env=e&${name}=Bearer%20${token}`))).toEqual([401]);
    },
  );

  it('the server does not read the body of a client without a token', async () => {
    const statuses = await answersTo(
      `POST /api/register HTTP/1.1\r\nHost: 127.0.0.1\r\n${json}\r\nContent-Length: 9000000\r\n\r\n{`,
    );
    expect(statuses).toEqual([401]);
  });
});

describe('a token', () => {
  it('a token with an addition, in another case, cut short or in another coding is rejected', async () => {
    const wrong = [
      `Bearer ${token}x`,
      `Bearer x${token}`,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token.toUpperCase()}`,
      `Bearer ${token}\u00e9`,
      `Bearer ${token}\u200b`,
      `Bearer "${token}"`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token} ${token}`,
      `Bearer\u00a0${token}`,
      `Bearer ${encodeURIComponent(`${token}\n`)}`,
      `Token ${token}`,
      token,
      `Bearer ${'x'.repeat(10_000)}`,
    ];
    for (const value of wrong)
      expect([
        value.slice(0, 20),
        await answersTo(Buffer.from(get('/api/services?env=e', `Authorization: ${value}`)).toString('latin1')),
      ]).toEqual([value.slice(0, 20), [401]]);
    expect(await answersTo(get('/api/services?env=e', withToken()))).toEqual([200]);
  });

  it('a second token beside the first makes the request unauthenticated', async () => {
    const ask = (...headers: string[]) => answersTo(get('/api/services?env=e', ...headers));
    expect(await ask('Authorization: Bearer x', withToken())).toEqual([401]);
    expect(await ask(withToken(), 'authorization: Bearer x')).toEqual([401]);
  });

  it('no answer contains the token, whatever is wrong with the request', async () => {
    const requests = [
      get('/api/services?env=e', `${withToken()}x`),
      get(`/api/${'x'.repeat(20)}`, withToken()),
      get('/api/fetch/all?env=other', withToken()),
      post('/api/register', [json, withToken()], `{"instances":[{"env":"e"}]}`),
      post('/api/register', ['Content-Type: text/plain', withToken()], body),
      `GET /api/services?env=e HTTP/1.1\r\nHost: evil.example\r\n${withToken()}\r\n\r\n`,
    ];
    for (const bytes of requests) {
      const connection = await raw(server.port, bytes);
      await expect.poll(() => connection.text()).toContain('\r\n\r\n');
      expect(connection.text()).not.toContain(token);
      connection.socket.destroy();
    }
  });
});

describe('a web page of another origin', () => {
  it.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'text/plain; application/json',
    'application/x-www-form-urlencoded; charset=application/json',
    'text/json',
    'application/json-patch+json',
    '',
  ])('a web page of another origin cannot write with the content type %j', async (type) => {
    const [status = 0] = await answersTo(
      post('/api/register', [withToken(), ...(type === '' ? [] : [`Content-Type: ${type}`])], body),
    );
    expect(status).toBe(415);
  });

  it.each(['Origin: http://evil.example', 'Origin: null', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Site: same-site'])(
    'a web page of another origin cannot write with JSON either: %s',
    async (header) => {
      expect(await answersTo(post('/api/register', [withToken(), json, header], body))).toEqual([403]);
      const put = `PUT /api/leases/1 HTTP/1.1\r\nHost: 127.0.0.1\r\n${withToken()}\r\n${header}\r\n\r\n`;
      expect(await answersTo(put)).toEqual([403]);
    },
  );

  it('a page that the server itself serves may write', async () => {
    const own = [withToken(), json, 'Origin: http://127.0.0.1', 'Sec-Fetch-Site: same-origin'];
    expect(await answersTo(post('/api/register', own, body))).toEqual([200]);
  });

  it('no preflight and no answer permits a page of another origin anything', async () => {
    const preflight = [
      'Origin: http://evil.example',
      'Access-Control-Request-Method: POST',
      'Access-Control-Request-Headers: authorization',
    ];
    for (const bytes of [
      get('/api/register', ...preflight).replace('GET', 'OPTIONS'),
      get('/api/services?env=e', withToken(), 'Origin: http://evil.example'),
      get('/healthz', 'Origin: http://evil.example'),
    ]) {
      const connection = await raw(server.port, bytes);
      await expect.poll(() => connection.text()).toContain('\r\n\r\n');
      expect(connection.text()).not.toMatch(/access-control-/i);
      if (bytes.startsWith('OPTIONS')) expect(connection.text()).toMatch(/^HTTP\/1\.1 4/);
      connection.socket.destroy();
    }
  });

  it('GET and HEAD change nothing', async () => {
    const { routes } = server.server as unknown as {
      routes: readonly { method: string; access: { role: string; action?: string } }[];
    };
    const safe = routes.filter(({ method }) => method === 'GET' || method === 'HEAD');
    const acting = safe.filter(({ access }) => access.role === 'write' || access.role === 'admin');
    // A backup is a read that only an admin may do.
    expect(acting.map(({ access }) => access.action)).toEqual(['backup']);
  });
});

describe('a request that is read in two ways', () => {
  it.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 50'],
    ['length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
    ['an unknown coding', 'Transfer-Encoding: xchunked'],
    ['a space before the colon', 'Content-Length : 5'],
    ['a negative length', 'Content-Length: -5'],
    ['a length with a sign', 'Content-Length: +5'],
    ['a folded header', 'X-A: b\r\n Content-Length: 5'],
    ['a bare line feed', 'X-A: b\nContent-Length: 5'],
  ])(
    'an ambiguous request is refused, and the rest of its bytes is not read as another request: %s',
    async (_, headers) => {
      const smuggled = get('/api/services?env=e', withToken());
      const bytes = `POST /api/register HTTP/1.1\r\nHost: 127.0.0.1\r\n${json}\r\n${headers}\r\n\r\n0\r\n\r\n${smuggled}`;
      expect((await answersTo(bytes)).filter((status) => status === 200)).toEqual([]);
    },
  );

  it('a request with two Host headers, or with the URL of another host, is refused', async () => {
    const token = withToken();
    const ask = (target: string, ...hosts: string[]) =>
      answersTo([`GET ${target} HTTP/1.1`, ...hosts.map((host) => `Host: ${host}`), token, '', ''].join('\r\n'));
    expect(await ask('/api/services?env=e', '127.0.0.1', 'evil.example')).toEqual([400]);
    expect(await ask('http://evil.example/api/services?env=e', '127.0.0.1')).toEqual([421]);
    expect(await ask('http://127.0.0.1/api/services?env=e', 'localhost')).toEqual([200]);
  });

  it('a registered value cannot set a header of an answer', async () => {
    const evil = instance({ metadata: { x: 'a\r\nSet-Cookie: b=c' }, hostname: 'evil' });
    expect(await answersTo(post('/api/register', [withToken(), json], JSON.stringify({ instances: [evil] })))).toEqual([
      200,
    ]);
    const connection = await raw(server.port, get('/api/fetch?env=e&appid=web', withToken()));
    await expect.poll(() => connection.text()).toContain('"evil"');
    expect(connection.text()).not.toMatch(/^set-cookie/im);
    connection.socket.destroy();
  });
});
