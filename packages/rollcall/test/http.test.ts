import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { blackHole } from '../../client/test/real/black-hole.ts';
import { rollcallAgents } from '../src/http/index.ts';
import { createClient, memory, noNodeIn } from '../src/index.ts';
import { fakeService } from '../src/testing/index.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const hello = (request: Request): Response => new Response(`hello ${request.headers.get('host')}`);

type Agents = ReturnType<typeof rollcallAgents>;
const request = (url: string, { http: agent }: Agents): Promise<string> =>
  new Promise((resolve, reject) => {
    const answer = (response: IncomingMessage): void => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve(body));
    };
    get(url, { agent }, answer).on('error', reject);
  });

describe('rollcallAgents', () => {
  it('rollcallAgents pick a node per request, keep the Host header, and pass other hosts through', async () => {
    await using registry = memory();
    await using users = await fakeService(registry, 'users', hello, hello);
    await using client = createClient(registry, { logger: silent });
    const agents = rollcallAgents(client);
    for (let call = 0; call < 20; call += 1) expect(await request('http://users/42', agents)).toBe('hello users');
    expect(users.nodes.every(({ calls }) => calls > 0)).toBe(true);
    const [first] = users.nodes;
    expect(await request(`http://${first?.address}/`, agents)).toBe(`hello ${first?.address}`);
    agents.http.destroy();
  });

  it('rollcallAgents count a failed attempt once, and the next request goes elsewhere', async () => {
    await using registry = memory();
    await using users = await fakeService(registry, 'users', hello, hello);
    await using client = createClient(registry, { logger: silent });
    const agents = rollcallAgents(client, { keepAlive: false });
    await client.ready('users');
    await users.nodes[0]?.kill();
    const calls = Array.from({ length: 20 }, () => async () => request('http://users/', agents).catch(() => 'failed'));
    const answers: string[] = [];
    for (const call of calls) answers.push(await call());
    expect(answers.filter((answer) => answer === 'failed').length).toBeLessThanOrEqual(1);
    expect(client.service('users').state.nodes.map(({ pending }) => pending)).toEqual([0, 0]);
    agents.http.destroy();
  });

  it('agents take a name with dots if it has the configured suffix, or is named in the options', async () => {
    await using registry = memory();
    await using shop = await fakeService(registry, 'go.micro.shop', hello);
    await using client = createClient(registry, { logger: silent });
    const agents = rollcallAgents(client, { services: ['go.micro.shop'] });
    expect(await request('http://go.micro.shop/', agents)).toBe('hello go.micro.shop');
    expect(await request('http://go.micro.shop.rollcall/', agents)).toBe('hello go.micro.shop.rollcall');
    expect(shop.nodes[0]?.calls).toBe(2);
    const plain = rollcallAgents(client);
    await expect(request('http://go.micro.shop.invalid/', plain)).rejects.toMatchObject({ code: 'ENOTFOUND' });
    for (const { http } of [agents, plain]) http.destroy();
  });

  it('agents leave an answer without a listener to Node, which frees the socket', async () => {
    await using registry = memory();
    await using users = await fakeService(registry, 'users', hello);
    await using client = createClient(registry, { logger: silent });
    const { http: agent } = rollcallAgents(client, { maxSockets: 1 });
    const close = async (): Promise<boolean> => {
      const sent = get('http://users/', { agent });
      await once(sent, 'close');
      return sent.reusedSocket;
    };
    expect([await close(), await close()]).toEqual([false, true]);
    expect(users.nodes[0]?.calls).toBe(2);
    agent.destroy();
  });

  it('when the client was closed, a request through agents fails with its own error event', async () => {
    await using registry = memory();
    const client = createClient(registry, { logger: silent });
    await client.close();
    const failing = get('http://users/', { agent: rollcallAgents(client).http });
    expect(await once(failing, 'error').catch((error) => [error])).toMatchObject([{ code: 'CLOSED' }]);
  });

  it('a request through rollcallAgents to a node that swallows connections fails in time, and the node is unreachable', async () => {
    await using lost = await blackHole();
    await using registry = memory();
    const node = { id: 'users-1', address: `127.0.0.1:${lost.port}` };
    await registry.register({ name: 'users', version: '1', nodes: [node] });
    await using client = createClient(registry, { logger: silent, probe: false });
    const agents = rollcallAgents(client, { connectTimeoutMs: 50 });
    await expect(request('http://users/', agents)).rejects.toMatchObject({ code: 'ETIMEDOUT', syscall: 'connect' });
    expect(client.service('users').state.nodes.map(({ tier, pending }) => [tier, pending])).toEqual([
      ['unreachable', 0],
    ]);
    for (const connectTimeoutMs of [0, Number.NaN, 600_001])
      expect(() => rollcallAgents(client, { connectTimeoutMs })).toThrow(
        /^connectTimeoutMs must be a number of milliseconds/,
      );
  });

  it('a request through rollcallAgents to a name without nodes fails with the NoNodeError', async () => {
    await using registry = memory();
    await using client = createClient(registry, { logger: silent });
    const failing = request('http://nobody/', rollcallAgents(client)).catch((error) => error);
    expect(noNodeIn(await failing)?.reason).toBe('unregistered');
  });
});
