/** Mistakes of callers, and what callers are told: no mistake may blame a node, crash the process or hang a call. */
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memory } from '../../adapters/memory/src/index.ts';
import { startProgram } from '../../backends/src/index.ts';
import { type byLoad, type Client, type ClientOptions, createClient } from '../src/index.ts';
import { eventually, type Fleet, fleet, notebook, portOf, says } from './fleet.ts';

const { logger } = notebook();
/** Nodes that the client blames for a caller's mistake: they are ejected, unreachable or slow. */
const blamed = (client: Client): readonly string[] =>
  client
    .service('users')
    .state.nodes.flatMap(({ node, tier, latencyMs }) =>
      tier === 'ejected' || tier === 'unreachable' || latencyMs >= 1_000 ? `${node.id} ${tier} ${latencyMs} ms` : [],
    );
const calls = ({ members }: Fleet): number => members.reduce((sum, member) => sum + member.calls, 0);
const failing = async (client: Client, url: string, init: RequestInit = {}): Promise<Error> =>
  client.fetch(url, init).then(
    () => expect.fail('it did not reject'),
    (error) => error,
  );

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a request that fetch refuses', () => {
  it.each<[string, RequestInit]>([
    ['a body with GET', { body: 'x' }],
    ['a header that is none', { headers: { 'a b': 'c' } }],
    ['a method that is none', { method: 'a b' }],
    ['a length that is wrong', { method: 'PUT', body: 'abc', headers: { 'content-length': '5' } }],
    ['a redirect although init forbids it', { redirect: 'error' }],
  ])('a request that fetch refuses is not repeated and blames no node: %s', async (_what, init) => {
    const moved: RequestListener = (_request, response) =>
      void response.writeHead(302, { location: '/elsewhere' }).end();
    await using users = await fleet('users', moved, moved, moved);
    await using client = createClient(users.registry, { logger });
    await client.ready('users');
    for (let call = 0; call < 10; call += 1)
      expect(await failing(client, 'http://users/', init)).toBeInstanceOf(TypeError);
    expect(blamed(client)).toEqual([]);
    expect(calls(users)).toBeLessThanOrEqual(10);
  });
});

describe('a redirect to where no connection is made', () => {
  it.each(['http://127.0.0.1:PORT/', 'http://no-such-host.invalid/'])(
    'a redirect to an unreachable place fails that call alone, blames no node and repeats no POST (%s)',
    async (location) => {
      const port = await closedPort();
      const moved: RequestListener = (request, response) => {
        request.resume();
        response.writeHead(307, { location: location.replace('PORT', String(port)) }).end();
      };
      await using users = await fleet('users', moved, moved, moved);
      await using client = createClient(users.registry, { logger });
      await client.ready('users');
      await failing(client, 'http://users/', { method: 'POST', body: 'pay' });
      expect(calls(users)).toBe(1);
      await failing(client, 'http://users/');
      expect(blamed(client)).toEqual([]);
    },
  );
});

describe('functions of the caller', () => {
  it('an outcomeOf that throws fails its own call, and the node is not blamed', async () => {
    await using users = await fleet('users', says('a'));
    await using client = createClient(users.registry, { logger });
    await client.ready('users');
    const outcomeOf = (): never => {
      throw new Error('my fault');
    };
    const call = client.service('users').call(async () => Promise.reject(new Error('x')), { outcomeOf });
    await expect(call).rejects.toThrow('my fault');
    expect(blamed(client)).toEqual([]);
  });

  it('a function passed to call() is not run again when the request was at fault', async () => {
    await using users = await fleet('users', says('a'), says('b'));
    await using client = createClient(users.registry, { logger });
    await client.ready('users');
    let runs = 0;
    const use = async (): Promise<never> => {
      runs += 1;
      throw new Error('no such key');
    };
    await expect(client.service('users').call(use, { idempotent: true, outcomeOf: () => 'ok' })).rejects.toThrow('key');
    expect(runs).toBe(1);
  });

  it("a call ends at its deadline even though the caller's function ignores the signal", async () => {
    await using users = await fleet('users', says('a'));
    await using client = createClient(users.registry, { logger });
    await client.ready('users');
    const hang = (): Promise<never> => new Promise(() => {});
    await expect(client.service('users').call(hang, { timeoutMs: 50 })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(client.service('users').state.nodes[0]?.pending).toBe(0);
    await using other = createClient(users.registry, { logger, fetch: hang, timeoutMs: 50 });
    await expect(other.fetch('http://users/')).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('a client works with a fetch whose answers only resemble a Response', async () => {
    await using users = await fleet('users', says('a'));
    const fake = (async () => ({ ok: true, status: 200, text: async () => 'ann' })) as unknown as typeof fetch;
    await using client = createClient(users.registry, { logger, fetch: fake });
    expect(await (await client.fetch('http://users/')).text()).toBe('ann');
  });

  it.each<[string, ClientOptions]>([
    ['a random number that is none', { random: () => Number.NaN }],
    ['a random number between 0 and 1', { random: () => Math.random() }],
    ['a random number out of range', { random: (below) => below }],
    ['a logger that throws', { logger: { ...logger, warn: () => expect.fail('full') } }],
    ['a logger without methods', { logger: {} as typeof logger }],
    ['a probe that never ends', { probe: () => new Promise(() => {}), connectTimeoutMs: 20 }],
    ['a probe that throws at once', { probe: () => expect.fail('no socket') }],
    ['a choice out of range', { strategy: () => () => 99 }],
  ])('calls succeed in spite of a careless option: %s', async (_what, options) => {
    await using users = await fleet('users', says('a'), says('b'), says('c'));
    await using client = createClient(users.registry, { logger, ...options });
    for (let call = 0; call < 10; call += 1) expect((await client.fetch('http://users/')).status).toBe(200);
    await users.members[0]?.kill();
    for (let call = 0; call < 10; call += 1) expect((await client.fetch('http://users/')).status).toBe(200);
  });

  it.each<[string, ClientOptions['strategy'], RegExp]>([
    ['while it builds its tables', () => expect.fail('tables'), /tables/],
    ['while it chooses', () => () => expect.fail('choice'), /choice/],
    ['by answering no function', (() => 7) as unknown as typeof byLoad, /a function that returns a function, got 7/],
  ])('a strategy that fails %s fails the calls that it chooses for, and no others', async (_how, strategy, text) => {
    await using users = await fleet('users', says('a'));
    await using client = createClient(users.registry, { logger });
    const bad = client.service('users', { strategy });
    await client.ready('users');
    await expect(bad.fetch('/')).rejects.toThrow(text);
    expect(await (await client.fetch('http://users/')).text()).toBe('a');
    expect(client.service('users').state.status).toBe('live');
  });

  it('service() and ready() refuse a text that cannot be a name', async () => {
    await using registry = memory();
    await using client = createClient(registry, { logger });
    for (const name of ['', 'a\nb', 7, undefined]) {
      expect(() => client.service(name as string)).toThrow(/name must be 1-255 printable characters/);
      await expect(client.ready(name as string)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    expect(client.services()).toEqual([]);
  });

  it('createClient, service(), call() and fetch() refuse unknown options and send no request', async () => {
    await using users = await fleet('users', says('a'));
    const misspelt = { timeout: 5 } as object;
    const refused = (message: RegExp) =>
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });
    expect(() => createClient(users.registry, misspelt)).toThrow(refused(/^options: timeout is unknown/));
    expect(() => createClient(users.registry, { services: { users: misspelt } })).toThrow(
      refused(/^services.users: timeout is unknown/),
    );
    await using client = createClient(users.registry, { logger });
    await client.ready('users');
    const service = client.service('users');
    expect(() => client.service('users', misspelt)).toThrow(refused(/^options: timeout is unknown/));
    await expect(service.call(async () => 1, misspelt)).rejects.toEqual(refused(/^policy: timeout is unknown/));
    await expect(client.fetch('http://users/', { rollcall: misspelt })).rejects.toEqual(
      refused(/^rollcall: timeout is unknown/),
    );
    // If the client ignored `version`, it would pick a node of any version.
    const version: object = { version: '2' };
    await expect(client.fetch('http://users/', { rollcall: version })).rejects.toEqual(
      refused(/^rollcall: version is no option of a call: select by client\.service\(name, \{ version \}\)/),
    );
    expect(calls(users)).toBe(0);
    expect(await service.call(async () => 1, { outcomeOf: () => 'ok', key: 'k', timeoutMs: 500 })).toBe(1);
  });
});

describe('close()', () => {
  it('close() ends calls that wait for a node', async () => {
    await using registry = memory();
    const client = createClient(registry, { logger });
    const waiting = client.fetch('http://users/', { rollcall: { waitForNodeMs: 60_000 } });
    const closed = expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
    await eventually(() => client.service('users').state.status === 'live', 'the first answer');
    await client.close();
    await closed;
  });

  it('clients of one process can share a snapshot file, and close() leaves no other file behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-client-'));
    await using users = await fleet('users', says('a'));
    const { logger: own, lines } = notebook();
    const clients = Array.from({ length: 8 }, () =>
      createClient(users.registry, { logger: own, snapshotFile: join(folder, 'known.json') }),
    );
    await Promise.all(clients.map((client) => client.ready('users')));
    await Promise.all(clients.map((client) => client.close()));
    expect(lines).toEqual([]);
    expect(await readdir(folder)).toEqual(['known.json']);
    await rm(folder, { recursive: true });
  });

  it('a process with unfinished calls, probes and waiters ends after close()', async () => {
    const program = `
      import { memory } from '${new URL('../../adapters/memory/dist/index.js', import.meta.url)}';
      import { createClient } from '${new URL('../dist/index.js', import.meta.url)}';
      const registry = memory();
      await registry.register({ name: 'users', nodes: [{ id: 'a', address: '192.0.2.1:80' }, { id: 'b', address: '127.0.0.1:1' }] });
      const client = createClient(registry, { logger: { debug() {}, info() {}, warn() {}, error() {} } });
      const calls = [client.fetch('http://users/'), client.fetch('http://none/', { rollcall: { waitForNodeMs: 60_000 } }), client.ready('never')];
      setTimeout(async () => { await client.close(); await registry.close(); }, 100);
      await Promise.allSettled(calls);
      console.log('over');
    `;
    const { ended } = startProgram(['--input-type=module', '-e', program]);
    expect(await ended).toMatchObject({ code: 0, out: 'over\n' });
  });
});
