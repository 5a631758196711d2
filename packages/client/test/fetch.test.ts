import type { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createClient, noNodeIn } from '../src/index.ts';
import { eventually, fleet, notebook, says } from './fleet.ts';

const { logger } = notebook();
const reset: Parameters<typeof createServer>[1] = (request) => void request.socket.destroy();

describe('client.fetch', () => {
  it('client.fetch calls a service by name and passes every other URL through untouched', async () => {
    await using users = await fleet('users', (request, response) => response.end(`${request.method} ${request.url}`));
    await using client = createClient(users.registry, { logger });
    const answer = await client.fetch('http://users/42?a=b', { method: 'PUT', body: 'x' });
    expect(await answer.text()).toBe('PUT /42?a=b');
    const { address = '' } = users.members[0] ?? {};
    for (const url of [`http://${address}/direct`, new URL(`http://${address}/direct`)])
      expect(await (await client.fetch(url)).text()).toBe('GET /direct');
    expect(await (await client.fetch(new Request('http://users.rollcall/r'))).text()).toBe('GET /r');
    await expect(client.fetch('no url')).rejects.toThrow(TypeError);
    expect(client.services()).toEqual(['users']);
  });

  it('client.fetch rejects with the TypeError of fetch and the NoNodeError as its cause', async () => {
    await using users = await fleet('users', says('a'));
    await using client = createClient(users.registry, { logger, services: { users: { version: '^9' } } });
    const failure = async (name: string): Promise<unknown> => client.fetch(`http://${name}/`).catch((error) => error);
    const error = await failure('nobody');
    expect(error).toBeInstanceOf(TypeError);
    expect(noNodeIn(error)).toMatchObject({ code: 'UNAVAILABLE', service: 'nobody', reason: 'unregistered' });
    expect(noNodeIn(await failure('users'))?.reason).toBe('unmatched');
  });

  it('client.fetch never fails a GET while one of two nodes is left, and asks the dead one once', async () => {
    await using users = await fleet('users', says('a'), says('b'));
    const attempts: string[] = [];
    await using client = createClient(users.registry, { logger });
    await client.ready('users');
    await users.members[0]?.kill();
    for (let call = 0; call < 50; call += 1) expect(await (await client.fetch('http://users/')).text()).toBe('b');
    for (const { node, tier } of client.service('users').state.nodes) attempts.push(`${node.id} ${tier}`);
    expect(attempts).toEqual(['n0 unreachable', 'n1 up']);
  });

  it('client.fetch repeats a POST, with its body, only if it was certainly not sent', async () => {
    const bodies: string[] = [];
    await using users = await fleet('users', reset, (request, response) => {
      request.on('data', (chunk) => bodies.push(String(chunk))).on('end', () => response.end('done'));
    });
    await using client = createClient(users.registry, { logger, strategy: () => () => 0, ejection: false });
    await client.ready('users');
    const post = (): Promise<Response> => client.fetch('http://users/', { method: 'POST', body: 'pay' });
    await expect(post()).rejects.toThrow('fetch failed');
    expect(bodies).toEqual([]);
    await users.members[0]?.kill();
    expect(await (await post()).text()).toBe('done');
    expect(bodies).toEqual(['pay']);
  });

  it('client.fetch repeats a POST after a reset when it has an Idempotency-Key or the caller says that it may run twice', async () => {
    await using users = await fleet('users', reset, says('done'));
    await using client = createClient(users.registry, { logger, strategy: () => () => 0, ejection: false });
    const headers = { 'idempotency-key': 'k1' };
    expect((await client.fetch('http://users/', { method: 'POST', body: 'x', headers })).status).toBe(200);
    expect((await client.fetch('http://users/', { method: 'POST', rollcall: { idempotent: true } })).status).toBe(200);
    await expect(client.fetch('http://users/', { rollcall: { idempotent: false } })).rejects.toThrow('fetch failed');
  });

  it('client.fetch never repeats a stream or a Request with a body, not even when it was not sent', async () => {
    await using users = await fleet('users', says('a'), says('b'));
    await using client = createClient(users.registry, { logger, strategy: () => () => 0, probe: false });
    await client.ready('users');
    await users.members[0]?.kill();
    const body = new Blob(['x']).stream();
    const init: RequestInit = { method: 'PUT', body, duplex: 'half' };
    await expect(client.fetch('http://users/', init)).rejects.toThrow('fetch failed');
    expect(users.members[1]?.calls).toBe(0);
  });

  it('client.fetch returns the last answer when every node answers with a status of retryStatus', async () => {
    await using users = await fleet('users', says('one', 503), says('two', 502));
    await using client = createClient(users.registry, { logger, retryStatus: [502, 503], ejection: false });
    const response = await client.fetch('http://users/');
    expect([502, 503]).toContain(response.status);
    expect(await response.text()).toMatch(/one|two/);
    expect(users.members.reduce((sum, { calls }) => sum + calls, 0)).toBe(3);
  });

  it('client.fetch returns a bad answer rather than the error of the attempt after it', async () => {
    await using users = await fleet('users', says('sorry', 503), reset);
    await using client = createClient(users.registry, {
      logger,
      retryStatus: [503],
      strategy: () => () => 0,
      attempts: 2,
    });
    const response = await client.fetch('http://users/');
    expect([response.status, await response.text()]).toEqual([503, 'sorry']);
    expect(users.members[1]?.calls).toBe(1);
  });

  it('client.fetch rejects with a TimeoutError at the deadline over all attempts, and with the reason of the caller', async () => {
    const seen: (string | undefined)[] = [];
    await using users = await fleet('users', ({ url }) => void seen.push(url));
    await using client = createClient(users.registry, { logger });
    const late = client.fetch('http://users/', { rollcall: { timeoutMs: 50 } });
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' });
    const reason = new Error('enough');
    const aborted = client.fetch('http://users/', { signal: AbortSignal.abort(reason) });
    await expect(aborted).rejects.toBe(reason);
    const controller = new AbortController();
    const pending = client.fetch('http://users/pending', { signal: controller.signal, rollcall: { timeoutMs: 5_000 } });
    await eventually(() => seen.includes('/pending'), 'the call');
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });

  it('client.fetch hedges to another node, and the first good answer wins', async () => {
    await using users = await fleet('users', () => {}, says('fast'));
    await using client = createClient(users.registry, { logger, strategy: () => () => 0, hedgeMs: 20 });
    expect(await (await client.fetch('http://users/')).text()).toBe('fast');
    expect(client.service('users').state.nodes.map(({ pending }) => pending)).toEqual([0, 0]);
  });

  it('client.fetch finds out by TCP that a silent node is dead, and repeats an idempotent call long before the deadline', async () => {
    await using users = await fleet('users', () => {}, says('alive'));
    const dead = new Set<string>();
    const probe = async ({ id }: { readonly id: string }): Promise<void> => {
      if (dead.has(id)) throw new Error('no connection within 1000 ms');
    };
    await using client = createClient(users.registry, { logger, probe, strategy: () => () => 0 });
    await client.ready('users');
    const get = client.fetch('http://users/');
    const post = client.fetch('http://users/', { method: 'POST', rollcall: { timeoutMs: 2_500 } });
    dead.add('n0');
    expect(await (await get).text()).toBe('alive');
    await expect(post).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(client.service('users').state.nodes[0]?.tier).toBe('unreachable');
  });

  it('client.fetch stops repeating when the retry budget is spent', async () => {
    await using users = await fleet('users', reset, reset);
    await using client = createClient(users.registry, { logger, retryShare: 0 });
    await expect(client.fetch('http://users/')).rejects.toThrow('fetch failed');
    expect(users.members.reduce((sum, { calls }) => sum + calls, 0)).toBe(1);
  });

  it('client.fetch waits for a node with waitForNodeMs', async () => {
    await using users = await fleet('other', says('here'));
    await using client = createClient(users.registry, { logger });
    const answer = client.fetch('http://users/', { rollcall: { waitForNodeMs: 5_000 } });
    const address = users.members[0]?.address ?? '';
    await users.registry.register({ name: 'users', nodes: [{ id: 'u1', address }] });
    expect(await (await answer).text()).toBe('here');
  });

  it("client.fetch uses the caller's fetch, and then opens no socket of its own", async () => {
    await using users = await fleet('other', says('a'));
    await users.registry.register({ name: 'users', nodes: [{ id: 'u1', address: '192.0.2.1:80' }] });
    const urls: string[] = [];
    const fake = async (input: string | URL | Request): Promise<Response> => {
      urls.push(String(input));
      return new Response('ann');
    };
    await using client = createClient(users.registry, { logger, fetch: fake });
    expect(await (await client.fetch('http://users/1')).text()).toBe('ann');
    expect(urls).toEqual(['http://192.0.2.1:80/1']);
  });

  it('client.fetch refuses calls after close()', async () => {
    await using users = await fleet('users', says('a'));
    const client = createClient(users.registry, { logger });
    await client.fetch('http://users/');
    await client.close();
    await client.close();
    await expect(client.fetch('http://users/')).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await users.registry.getService('users')).toHaveLength(1);
  });
});
