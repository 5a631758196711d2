import { Agent, request } from 'node:http';
import { pick, type Random, seeded } from '../random.ts';
import { raw } from './raw.ts';

/** The results of a fuzzer run. */
export interface FuzzReport {
  readonly statuses: Map<number, number>;
  /** Requests that were answered with 5xx, or not at all within 10 s. */
  readonly faults: string[];
}

const deep = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
const strange: readonly ((random: Random) => unknown)[] = [
  () => null,
  () => true,
  () => -1,
  () => 1e308,
  () => 1e-320,
  () => 2 ** 53,
  () => '',
  () => '\ud800',
  () => '\0\r\n\u2028',
  () => '__proto__',
  () => ({ ['__proto__']: 1, constructor: { prototype: 1 } }),
  () => [],
  () => ({}),
  () => deep(500),
  (random) => 'x'.repeat(Math.floor(random() * 40_000)),
  (random) => 'é'.repeat(Math.floor(random() * 1_100)),
  (random) => Array.from({ length: Math.floor(random() * 2_000) }, () => ({})),
  (random) => Object.fromEntries(Array.from({ length: Math.floor(random() * 100) }, (_, index) => [`k${index}`, 'v'])),
  (random) => Math.floor(random() * 2 ** 53),
  (random) => random() * 1_000,
];

function instance(random: Random): Record<string, unknown> {
  const value = (depth: number): object => ({
    name: 'v',
    type: 'string',
    ...(depth > 0 && random() < 0.7 ? { values: [value(depth - 1)] } : {}),
  });
  return {
    env: `fuzz${Math.floor(random() * 20)}`,
    appid: `app${Math.floor(random() * 10)}`,
    hostname: `n${Math.floor(random() * 50)}`,
    addrs: ['10.0.0.1:80'],
    version: pick(random, ['', '1', '2']),
    status: pick(random, [1, 2]),
    metadata: { zone: 'a' },
    endpoints: random() < 0.3 ? [{ name: 'call', request: value(9), metadata: { a: 'b' } }] : [],
    ttlMs: pick(random, [0, 1_000, 5_000, random() * 60_000]),
    renewIntervalMs: 1 + random() * 10_000,
    ...(random() < 0.2 ? { dirtyTimestamp: random() * 2e12 } : {}),
  };
}

/** Puts a strange value at a random place. */
function spoil(random: Random, value: unknown): unknown {
  if (random() < 0.15) return pick(random, strange)(random);
  if (Array.isArray(value))
    return value.length === 0
      ? value
      : value.with(Math.floor(random() * value.length), spoil(random, pick(random, value)));
  if (typeof value !== 'object' || value === null) return pick(random, strange)(random);
  const keys = [...Object.keys(value), 'unknown'];
  const key = pick(random, keys);
  return { ...value, [key]: spoil(random, (value as Record<string, unknown>)[key]) };
}

const query = (random: Random): string => {
  const env = pick(random, ['fuzz1', 'fuzz2', 'a/b', '', '%00', '%ff', 'x'.repeat(300)]);
  const appid = pick(random, ['app1', 'app2', '%ED%A0%80', '', 'x'.repeat(256), '__proto__']);
  return pick(random, [
    `?env=${env}&appid=${appid}`,
    `?env=${env}`,
    '',
    `?env=${env}&env=b`,
    `?appid[]=${appid}`,
    '?&&==&',
  ]);
};

interface Shot {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

const shots: readonly ((random: Random) => Shot)[] = [
  (random) => ({
    method: 'POST',
    path: '/api/register',
    body: { instances: Array.from({ length: 1 + Math.floor(random() * 4) }, () => instance(random)) },
  }),
  (random) => ({ method: 'POST', path: '/api/renew', body: { keys: [instance(random), instance(random)] } }),
  (random) => ({ method: 'POST', path: '/api/cancel', body: { keys: [instance(random)] } }),
  (random) => ({ method: 'POST', path: '/api/cancel', body: { handles: [Math.floor(random() * 2 ** 53)] } }),
  (random) => ({
    method: 'PUT',
    path: '/api/leases',
    body: [Math.floor(random() * 2 ** 53), [Math.floor(random() * 2 ** 53), random() * 9e4, 1 + random() * 3e4]],
  }),
  (random) => ({
    method: 'PUT',
    path: `/api/leases/${pick(random, ['1', '-1', 'x', '9'.repeat(17), '%2e%2e', `${2 ** 53}`])}`,
  }),
  (random) => ({ method: 'POST', path: '/api/protection/end', body: { env: `fuzz${Math.floor(random() * 20)}` } }),
  (random) => ({ method: pick(random, ['GET', 'HEAD']), path: `/api/fetch${query(random)}` }),
  (random) => ({ method: pick(random, ['GET', 'HEAD']), path: `/api/fetch/all${query(random)}` }),
  (random) => ({ method: 'GET', path: `/api/services${query(random)}` }),
  (random) => ({ method: pick(random, ['GET', 'HEAD']), path: `/api/watch${query(random)}` }),
  (random) => ({ method: 'GET', path: `/api/status${query(random)}` }),
  (random) => ({
    method: pick(random, ['GET', 'OPTIONS', 'DELETE', 'PATCH', 'TRACE']),
    path: pick(random, ['/', '/api', '/api/%', '/healthz', `/${'x'.repeat(5_000)}`]),
  }),
];

const torn: readonly string[] = [
  'GET',
  'GET /api/status HTTP/9.9\r\n\r\n',
  'POST /api/register HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"ins',
  'POST /api/register HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  'PUT /api/leases HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n',
  `GET /api/watch?env=fuzz1 HTTP/1.1\r\nHost: 127.0.0.1\r\nLast-Event-ID: ${'9'.repeat(9_000)}\r\n\r\n`,
  'GET /api/watch?env=fuzz1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(50),
  '\u0016\u0003\u0001\u0000',
];

/** Sends `requests` requests of every kind, eight at a time. */
export async function fuzz(port: number, requests: number, seed: number): Promise<FuzzReport> {
  const random = seeded(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const report: FuzzReport = { statuses: new Map(), faults: [] };
  let left = requests;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      if (random() < 0.01) await tear(port, pick(random, torn));
      else await shoot(port, agent, aim(random), report, random);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  agent.destroy();
  return report;
}

function aim(random: Random): Shot & { readonly headers: Record<string, string> } {
  const shot = pick(random, shots)(random);
  const body = shot.body !== undefined && random() < 0.7 ? spoil(random, shot.body) : shot.body;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const cut = text !== undefined && random() < 0.05 ? text.slice(0, Math.floor(random() * text.length)) : text;
  const headers: Record<string, string> = {};
  if (cut !== undefined)
    headers['content-type'] =
      random() < 0.97 ? 'application/json' : pick(random, ['text/plain', 'application/xml', 'x']);
  if (random() < 0.1) headers['last-event-id'] = pick(random, ['a:1', ':', '1', `${'f'.repeat(16)}:1`, 'x:-1']);
  return { ...shot, body: cut, headers };
}

function shoot(
  port: number,
  agent: Agent,
  { method, path, body, headers }: Shot & { readonly headers: Record<string, string> },
  { statuses, faults }: FuzzReport,
  random: Random,
): Promise<void> {
  return new Promise((resolve) => {
    const what = `${method} ${path} ${String(body).slice(0, 200)}`;
    const lost = setTimeout(() => {
      faults.push(`no answer: ${what}`);
      sent.destroy();
      resolve();
    }, 10_000);
    const done = (): void => {
      clearTimeout(lost);
      resolve();
    };
    const sent = request({ port, host: '127.0.0.1', method, path, agent, headers }, (response) => {
      const status = response.statusCode ?? 0;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 500) faults.push(`${status}: ${what}`);
      if (response.headers['content-type'] === 'text/event-stream' && method === 'GET') {
        // A stream has no end: the client leaves it at once, or after a while without reading.
        if (random() < 0.8) response.destroy();
        else setTimeout(() => response.destroy(), 50);
        done();
      } else response.resume().once('close', done);
    });
    // The errors are Node's own refusals and connections that the server ends after a refusal.
    sent.once('error', done);
    sent.end(body as string | undefined);
  });
}

async function tear(port: number, bytes: string): Promise<void> {
  const { socket } = await raw(port, bytes);
  await new Promise((resolve) => setTimeout(resolve, 5));
  socket.destroy();
}
