import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { consulAgent, etcdCluster, etcdNode, TcpProxy } from '../src/index.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const post = async (address: string, path: string, body: object) =>
  (await fetch(`http://${address}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })).json();
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const put = (address: string, key: string) => post(address, 'put', { key: base64(key), value: base64('1') });
const has = async (address: string, key: string): Promise<boolean> =>
  ((await post(address, 'range', { key: base64(key) })) as { count?: string }).count === '1';

describe('etcd', () => {
  it('the etcd of tests keeps its data over stop and kill, answers nothing while frozen, and loses everything by a wipe', async () => {
    const { node, address } = await etcdNode();
    cleanUps.push(() => node.dispose());
    await node.start();
    await put(address, 'a');
    await node.stop();
    await expect(fetch(`http://${address}/health`)).rejects.toThrow();
    await node.start();
    expect(await has(address, 'a')).toBe(true);
    await node.freeze();
    await expect(fetch(`http://${address}/health`, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout/);
    await node.resume();
    await node.kill();
    await node.start();
    expect(await has(address, 'a')).toBe(true);
    await node.wipe();
    expect(await has(address, 'a')).toBe(false);
  }, 60_000);

  it('the three etcds of tests are one cluster that goes on without one of them', async () => {
    const { nodes, addresses } = await etcdCluster(3);
    cleanUps.push(() => Promise.all(nodes.map((node) => node.dispose())));
    await Promise.all(nodes.map((node) => node.start()));
    const [first = '', second = ''] = addresses;
    await put(first, 'a');
    await nodes[0]?.kill();
    await nodes[1]?.serves();
    expect(await has(second, 'a')).toBe(true);
    await put(second, 'b');
  }, 60_000);
});

describe('consul', () => {
  it('the Consul of tests keeps registrations over a restart, and a client agent knows what its server knows', async () => {
    const server = await consulAgent();
    cleanUps.push(() => server.agent.dispose());
    await server.agent.start();
    const register = { method: 'PUT', body: JSON.stringify({ Name: 'web', ID: 'web-1' }) };
    expect((await fetch(`http://${server.address}/v1/agent/service/register`, register)).status).toBe(200);
    await server.agent.kill();
    await server.agent.start();
    const client = await consulAgent({ join: server.serf });
    cleanUps.push(() => client.agent.dispose());
    await client.agent.start();
    const services = await (await fetch(`http://${client.address}/v1/catalog/services`)).json();
    expect(services).toHaveProperty('web');
  }, 60_000);
});

describe('proxy', () => {
  it('the proxy of tests passes, cuts, swallows and passes again', async () => {
    const { node, address } = await etcdNode();
    cleanUps.push(() => node.dispose());
    await node.start();
    const proxy = new TcpProxy(address);
    await proxy.listen();
    cleanUps.push(() => proxy.close());
    const ask = () =>
      fetch(`http://${proxy.address}/health`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(2_000) });
    expect((await ask()).ok).toBe(true);
    proxy.cut();
    await expect(ask()).rejects.toThrow(/fetch failed/);
    proxy.restore();
    expect((await ask()).ok).toBe(true);
    proxy.blackHole();
    await expect(ask()).rejects.toThrow(/timeout/);
    proxy.restore();
    proxy.delay(200);
    const asked = performance.now();
    expect((await ask()).ok).toBe(true);
    expect(performance.now() - asked).toBeGreaterThanOrEqual(200);
    const socket = connect(Number(proxy.address.split(':')[1]), '127.0.0.1');
    cleanUps.push(() => socket.destroy());
    await once(socket, 'connect');
    const ended = once(socket.resume(), 'end');
    await expect
      .poll(() => {
        proxy.halfClose();
        return socket.readableEnded;
      })
      .toBe(true);
    await ended;
  }, 60_000);
});
