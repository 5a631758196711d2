import { manualClock } from '@rollcall/core/testing';
import { patternWords, schemas } from '@rollcall/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer, type DiscoveryServer } from '../src/index.ts';

/** The data of the answers in these tests. */
interface Data {
  readonly handles: number[];
  readonly statuses: number[];
  readonly cancelled: number;
  readonly instances: Record<string, unknown>[];
  readonly services: unknown[];
  readonly environments: { readonly explanation: string }[];
}

interface Answer {
  readonly status: number;
  readonly body: {
    readonly code: number;
    readonly message: string;
    readonly data: Data;
    readonly epoch: string;
    readonly revision: number;
    readonly warming?: true;
  };
}

const clock = manualClock();
let server: DiscoveryServer;
let url = '';

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const init =
    body === undefined ? { headers } : { body: text, headers: { 'content-type': 'application/json', ...headers } };
  const response = await fetch(`${url}${path}`, { method, ...init });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const instance = (over: object = {}) => ({
  env: 'e',
  appid: 'web',
  hostname: 'a',
  addrs: ['10.0.0.1:80'],
  ttlMs: 3_000,
  renewIntervalMs: 1_000,
  ...over,
});
const register = (over: object = {}) => ask('POST', '/api/register', { instances: [instance(over)] });
const handleOf = async (over: object = {}): Promise<number> => (await register(over)).body.data.handles[0]!;
const fetchAll = async () => (await ask('GET', '/api/fetch/all?env=e')).body.data.instances;

beforeEach(async () => {
  server = createServer({ port: 0, protection: 'off', warmUpMs: 0, clock });
  url = (await server.listen()).url;
});
afterEach(() => server.close());

describe('leases', () => {
  it('a lease is renewed by handle and by name, and a silent instance is evicted at its TTL, not before', async () => {
    const handle = await handleOf();
    for (let second = 0; second < 3; second += 1) {
      await clock.advance(900);
      expect((await ask('PUT', `/api/leases/${handle}`)).status).toBe(200);
    }
    for (let step = 0; step < 3; step += 1) await clock.advance(900);
    await clock.advance(299);
    expect(await fetchAll()).toMatchObject([{ hostname: 'a', late: true }]);
    await clock.advance(2);
    expect(await fetchAll()).toEqual([]);
    expect((await ask('PUT', `/api/leases/${handle}`)).status).toBe(404);
    expect(
      (await ask('POST', '/api/renew', { keys: [{ env: 'e', appid: 'web', hostname: 'a' }] })).body.data.statuses,
    ).toEqual([404]);
  });

  it('the answer to a renewal tells a handle that was taken over from an unknown handle', async () => {
    const first = await handleOf();
    const second = await handleOf({ addrs: ['10.0.0.2:80'] });
    expect(
      (await ask('PUT', '/api/leases', [first, second, [second, 5_000, 1_000], 12_345])).body.data.statuses,
    ).toEqual([409, 200, 200, 404]);
    expect((await ask('POST', '/api/cancel', { handles: [first] })).body.data.cancelled).toBe(0);
    expect(await fetchAll()).toMatchObject([{ addrs: ['10.0.0.2:80'], ttlMs: 5_000 }]);
    expect((await ask('POST', '/api/cancel', { handles: [second] })).body.data.cancelled).toBe(1);
    expect((await ask('PUT', `/api/leases/${first}`)).status).toBe(404);
  });

  it('the lease clock stands still while the server does: a pause evicts no instance', async () => {
    await register();
    // The clock jumps once, as after a SIGSTOP, instead of taking many steps.
    await clock.advance(0);
    const jump = clock.now;
    let offset = 0;
    clock.now = () => jump() + offset;
    offset = 60_000;
    expect(await fetchAll()).toHaveLength(1);
    clock.now = jump;
  });

  it('a register with an older dirty timestamp keeps and renews the stored instance, and its handle does not work', async () => {
    const holder = await handleOf({ dirtyTimestamp: 10, version: 'new' });
    await clock.advance(900);
    const ignored = await handleOf({ dirtyTimestamp: 9, version: 'old' });
    expect(await fetchAll()).toMatchObject([{ version: 'new', renewTimestamp: clock.wallNow() }]);
    expect((await ask('PUT', `/api/leases/${ignored}`)).status).toBe(409);
    expect((await ask('POST', '/api/cancel', { handles: [ignored] })).body.data.cancelled).toBe(0);
    expect((await ask('PUT', `/api/leases/${holder}`)).status).toBe(200);
    await register({ dirtyTimestamp: 10, version: 'equal' });
    expect(await fetchAll()).toMatchObject([{ version: 'equal' }]);
  });

  it('a register with the same content does not move the revision', async () => {
    const { body } = await register();
    expect((await register()).body.revision).toBe(body.revision);
    expect((await register({ version: '2' })).body.revision).toBe(body.revision + 1);
  });
});

describe('the border', () => {
  it.each([
    [{ appid: 'Web' }, /^body\/instances\/0\/appid must be 1-63 of \[a-z0-9\._-\], starting with a letter or digit$/],
    [{ hostname: '' }, /instances\/0\/hostname/],
    [{ addrs: [] }, /instances\/0\/addrs must have at least 1 item$/],
    [{ addrs: 'x' }, /instances\/0\/addrs must be an array$/],
    [{ ttlMs: '30' }, /instances\/0\/ttlMs must be a number$/],
    [{ ttlMs: -1 }, /instances\/0\/ttlMs/],
    [{ renewIntervalMs: 0 }, /instances\/0\/renewIntervalMs/],
    [{ status: 3 }, /instances\/0\/status must be one of 1, 2$/],
    [{ metadata: { a: 1 } }, /instances\/0\/metadata/],
    [{ metadata: { 'a b': '' } }, /metadata: the name "a b" must be 1-128 of \[A-Za-z0-9\._\/-\]$/],
    [{ env: 'a/b' }, /instances\/0\/env/],
    [{ endpoints: [{}] }, /endpoints\/0 must have name$/],
  ])('a register refuses %j by a message that names the field', async (over, message) => {
    const { status, body } = await register(over);
    expect(status).toBe(400);
    expect(body.message).toMatch(message);
    expect(await fetchAll()).toEqual([]);
  });

  it.each([
    ['POST', '/api/register', '{', 400],
    ['POST', '/api/register', '[]', 400],
    ['POST', '/api/register', 'null', 400],
    ['PUT', '/api/leases', '["x"]', 400],
    ['PUT', '/api/leases', '[1.5]', 400],
    ['PUT', '/api/leases/1e9', undefined, 400],
    ['POST', '/api/cancel', '{}', 400],
    ['GET', '/api/fetch?env=e', undefined, 400],
    ['GET', '/api/nothing', undefined, 404],
    ['DELETE', '/api/register', undefined, 404],
  ] as const)('the server answers the request %s %s %s and goes on', async (method, path, body, status) => {
    expect((await ask(method, path, body)).status).toBe(status);
    expect((await ask('GET', '/healthz')).status).toBe(200);
  });

  it('a refusal says in words what a query must be, and names what can be given instead', async () => {
    const said = async (method: string, path: string, body?: unknown) => (await ask(method, path, body)).body.message;
    expect(await said('GET', '/api/poll?env=e&appid=web&waitMs=x')).toBe(
      'querystring/waitMs must be a number of milliseconds, 0-60000',
    );
    expect(await said('PUT', '/api/leases/x')).toBe(
      'params/handle must be a handle: a number that a register has answered',
    );
    expect(await said('POST', '/api/cancel', {})).toBe('body must have keys, or body must have handles');
    const plain = { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } };
    expect(await (await fetch(`${url}/api/register`, plain)).json()).toMatchObject({
      code: 415,
      message: 'the body must be JSON: send it with content-type: application/json',
    });
  });

  it('every pattern that a request is checked by has words for a message', () => {
    const patterns = JSON.stringify(schemas).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g);
    const unworded = [...patterns]
      .map(([, text]) => JSON.parse(text!) as string)
      .filter((one) => !(one in patternWords));
    expect(unworded).toEqual([]);
  });

  it('a request that is too large is answered with 413', async () => {
    expect((await ask('POST', '/api/register', `"${'x'.repeat(17_000_000)}"`)).status).toBe(413);
  });

  it('__proto__ is a metadata key like any other', async () => {
    const text = JSON.stringify({ instances: [instance()] }).replace(
      '"env"',
      '"metadata":{"__proto__":"x","constructor":"y"},"env"',
    );
    expect((await ask('POST', '/api/register', text)).status).toBe(200);
    const [stored] = await fetchAll();
    expect(Object.entries(stored?.metadata as object)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('a server refuses an address that other machines reach unless insecure is set', () => {
    expect(() => createServer({ host: '0.0.0.0' })).toThrow(/--insecure/);
    expect(() => createServer({ port: -1 })).toThrow(/port/);
  });
});

/** The events of a watch, in the order of their arrival. */
async function* watch(path: string, headers: Record<string, string> = {}) {
  const control = new AbortController();
  const response = await fetch(`${url}${path}`, { headers, signal: control.signal });
  let rest = '';
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) {
        const fields = Object.fromEntries(
          block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        if (fields.event !== undefined) yield { event: fields.event, id: fields.id!, data: JSON.parse(fields.data!) };
      }
    }
  } finally {
    control.abort();
  }
}

describe('watch', () => {
  it('a watch tells the whole list, then each change, and resumes after the last one', async () => {
    await register();
    const first = watch('/api/watch?env=e');
    const snapshot = (await first.next()).value!;
    expect(snapshot).toMatchObject({ event: 'snapshot', data: { instances: [{ hostname: 'a' }] } });
    await register({ hostname: 'b' });
    const put = (await first.next()).value!;
    expect(put).toMatchObject({ event: 'put', data: { hostname: 'b' } });
    await first.return(undefined);
    await ask('POST', '/api/cancel', { keys: [{ env: 'e', appid: 'web', hostname: 'a' }] });
    await register({ env: 'other' });
    const second = watch('/api/watch?env=e', { 'last-event-id': put.id });
    expect((await second.next()).value).toMatchObject({
      event: 'remove',
      data: { hostname: 'a', reason: 'deregistered' },
    });
    expect((await second.next()).value).toMatchObject({ event: 'current' });
    await second.return(undefined);
  });

  it.each(['other:1', 'junk', '', 'EPOCH:999', 'EPOCH:-1'])(
    'a watch with the cursor %j gets the full list',
    async (cursor) => {
      const { body } = await register();
      const events = watch('/api/watch?env=e', { 'last-event-id': cursor.replace('EPOCH', body.epoch) });
      expect((await events.next()).value?.event).toBe('snapshot');
      await events.return(undefined);
    },
  );

  it('a watch ends when the server closes, and the close does not wait for a fixed time', async () => {
    const events = watch('/api/watch?env=e');
    await events.next();
    const ended = events.next().then(
      ({ done }) => done,
      () => true,
    );
    await server.close();
    expect(await ended).toBe(true);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it('answers and watches say warming until the warm-up is over', async () => {
    const warm = createServer({ port: 0, warmUpMs: 500, clock });
    const before = url;
    url = (await warm.listen()).url;
    try {
      expect((await register()).body.warming).toBe(true);
      const events = watch('/api/watch?env=e');
      expect((await events.next()).value?.data).toMatchObject({ warming: true });
      await clock.advance(500);
      expect((await events.next()).value?.event).toBe('warmed');
      await events.return(undefined);
      expect((await register()).body.warming).toBeUndefined();
    } finally {
      url = before;
      await warm.close();
    }
  });
});

describe('operating', () => {
  it('GET /api/status explains self-protection, and POST /api/protection/end ends it', async () => {
    const guarded = createServer({ port: 0, warmUpMs: 0, clock });
    const before = url;
    url = (await guarded.listen()).url;
    try {
      for (const hostname of ['a', 'b', 'c']) await register({ hostname });
      for (let step = 0; step < 8; step += 1) await clock.advance(500);
      const { body } = await ask('GET', '/api/status?env=e');
      expect(body.data.environments).toMatchObject([
        { env: 'e', instances: 3, late: 3, held: 3, missing: 3, on: true },
      ]);
      expect(body.data.environments[0]?.explanation).toMatch(
        /^Protecting for 2.\d s: 3 of 3 .*protection end --registry-namespace e\.$/,
      );
      expect((await ask('POST', '/api/protection/end', { env: 'e' })).body.data).toEqual({ evicted: 3 });
      expect(await fetchAll()).toEqual([]);
    } finally {
      url = before;
      await guarded.close();
    }
  });

  it('GET /api/services leaves out instances with status 2', async () => {
    await register({ status: 2 });
    await register({ hostname: 'b', appid: 'api', version: '1' });
    expect((await ask('GET', '/api/services?env=e')).body.data.services).toEqual([{ appid: 'api', versions: ['1'] }]);
  });
});
