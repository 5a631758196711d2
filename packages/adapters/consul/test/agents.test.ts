import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Registry, WatchEvent } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ConsulAgent, consulAgent, TcpProxy } from '../../../backends/src/index.ts';
import { adapter, type ConsulOptions, consul } from '../src/index.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 30_000 });

function open(options: ConsulOptions): Registry {
  const registry = consul(options);
  cleanUps.push(() => registry.close({ withdraw: false }));
  return registry;
}
function follow(registry: Registry, name: string): WatchEvent[] {
  const events: WatchEvent[] = [];
  void (async () => {
    for await (const event of registry.watch({ name })) events.push(event);
  })();
  return events;
}
const service = (name: string, port = 80) => ({ name, nodes: [{ id: 'n0', address: `10.0.0.1:${port}` }] });
const addressesOf = async (registry: Registry, name: string) =>
  (await registry.getService(name)).flatMap(({ nodes }) => nodes.map(({ address }) => address));

interface Item {
  readonly Node: { readonly Node: string };
}
/** The agents on which the servers know an instance of this service, passing or not. */
async function holders(address: string, name: string, query = ''): Promise<readonly string[]> {
  const response = await fetch(`http://${address}/v1/health/service/${name}${query}`);
  return ((await response.json()) as readonly Item[]).map(({ Node }) => Node.Node).sort();
}

describe('a client agent', () => {
  let server: ConsulAgent;
  let client: ConsulAgent;
  beforeAll(async () => {
    server = await consulAgent();
    await server.agent.start();
    client = await consulAgent({ join: server.serf });
    await client.agent.start();
  }, 120_000);
  afterAll(() => Promise.all([client.agent.dispose(), server.agent.dispose()]));

  it('calls to a client agent without its servers fail, and work again when the servers are back', async () => {
    const registry = open({ addresses: [client.address] });
    const events = follow(registry, 'cut-off');
    await registry.register(service('cut-off'), { ttlMs: 600_000 });
    await eventually(() => events.map(({ type }) => type)).toContain('create');
    await server.agent.kill();
    // An agent without its server still answers a registration with 200.
    const gone = { code: expect.stringMatching(/UNAVAILABLE|TIMEOUT/) };
    await expect(registry.register(service('cut-off', 81))).rejects.toMatchObject(gone);
    await expect(registry.register(service('cut-off', 81))).rejects.toMatchObject(gone);
    await expect(registry.getService('cut-off')).rejects.toMatchObject(gone);
    await eventually(() => events.at(-1)?.type).toBe('interrupted');
    await server.agent.start();
    await eventually(() =>
      registry.register(service('cut-off', 82)).then(
        () => true,
        () => false,
      ),
    ).toBe(true);
    expect(await addressesOf(registry, 'cut-off')).toEqual(['10.0.0.1:82']);
    const told = () => events.flatMap((event) => (event.type === 'update' ? [event.service.nodes[0]?.address] : []));
    await eventually(() => told().at(-1)).toBe('10.0.0.1:82');
    expect(events.map(({ type }) => type)).not.toContain('delete');
  }, 120_000);

  it('a renewal through an agent that is cut off fails, and works when the agent is back', async () => {
    const registry = open({ addresses: [client.address] });
    const renew = () => registry.register(service('renewed'), { ttlMs: 600_000, timeoutMs: 2_000 });
    await renew();
    await server.agent.freeze();
    await expect(renew()).rejects.toMatchObject({ code: expect.stringMatching(/UNAVAILABLE|TIMEOUT/) });
    await server.agent.resume();
    await eventually(() =>
      renew().then(
        () => true,
        () => false,
      ),
    ).toBe(true);
    expect(await addressesOf(registry, 'renewed')).toEqual(['10.0.0.1:80']);
  }, 120_000);
});

describe('several agents', () => {
  let server: ConsulAgent;
  let first: ConsulAgent;
  let second: ConsulAgent;
  beforeAll(async () => {
    server = await consulAgent();
    await server.agent.start();
    [first, second] = await Promise.all([consulAgent({ join: server.serf }), consulAgent({ join: server.serf })]);
    await Promise.all([first.agent.start(), second.agent.start()]);
  }, 120_000);
  afterAll(() => Promise.all([first, second, server].map(({ agent }) => agent.dispose())));

  it('when an agent is lost, calls go to the next; the two entries of a node are read as one, and the old one expires', async () => {
    const proxy = new TcpProxy(first.address);
    await proxy.listen();
    cleanUps.push(() => proxy.close());
    const [owner, reader] = [
      open({ addresses: [proxy.address, second.address] }),
      open({ addresses: [server.address] }),
    ];
    const events = follow(reader, 'moves');
    const renew = (port?: number) => owner.register(service('moves', port), { ttlMs: 5_000, renewIntervalMs: 500 });
    await renew();
    await eventually(() => events.map(({ type }) => type)).toContain('create');
    proxy.cut();
    await renew(81);
    expect(await holders(server.address, 'moves', '?passing')).toHaveLength(2);
    expect(await addressesOf(reader, 'moves')).toEqual(['10.0.0.1:81']);
    const renewing = setInterval(() => void renew(81).catch(() => {}), 500);
    cleanUps.push(() => clearInterval(renewing));
    await eventually(() => holders(server.address, 'moves', '?passing')).toHaveLength(1);
    expect(await addressesOf(reader, 'moves')).toEqual(['10.0.0.1:81']);
    expect(events.map(({ type }) => type)).not.toContain('delete');
  }, 120_000);

  it('an agent that freezes in the middle of a call costs the call a second and not its deadline', async () => {
    const proxy = new TcpProxy(first.address);
    await proxy.listen();
    cleanUps.push(() => proxy.close());
    const registry = open({ addresses: [proxy.address, second.address] });
    await registry.getService('any');
    // The first agent has just answered, so the registry asks it again without a probe.
    proxy.blackHole();
    const took: number[] = [];
    for (let call = 0; call < 4; call += 1) {
      const startedAt = performance.now();
      await registry.getService('any');
      took.push(performance.now() - startedAt);
    }
    expect(took[0]).toBeLessThan(2_000);
    expect(Math.max(...took.slice(1))).toBeLessThan(900);
  }, 60_000);

  it('the owner of a node can remove it, and a registry on another agent cannot', async () => {
    const [owner, other] = [open({ addresses: [first.address] }), open({ addresses: [second.address] })];
    await owner.register(service('elsewhere'), { ttlMs: 600_000 });
    await eventually(() => addressesOf(other, 'elsewhere')).toHaveLength(1);
    await expect(other.deregister(service('elsewhere'))).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringContaining('registered with the Consul agent on agent-'),
    });
    await owner.deregister(service('elsewhere'));
    await eventually(() => holders(server.address, 'elsewhere')).toEqual([]);
  });
});

describe('another datacenter', () => {
  let [here, there]: ConsulAgent[] = [];
  beforeAll(async () => {
    here = await consulAgent();
    await here.agent.start();
    there = await consulAgent({ config: `datacenter = "far" retry_join_wan = ["${here.wan}"]` });
    await there.agent.start();
  }, 120_000);
  afterAll(() => Promise.all([here?.agent.dispose(), there?.agent.dispose()]));

  it('another datacenter is read and watched through a local agent, and written only through an agent of its own', async () => {
    const owner = open({ addresses: [there?.address ?? ''] });
    const reader = open({ addresses: [here?.address ?? ''], datacenter: 'far' });
    await owner.register(service('far-off'), { ttlMs: 600_000 });
    await eventually(() => addressesOf(reader, 'far-off').catch(() => [])).toEqual(['10.0.0.1:80']);
    expect(await reader.listServices()).toEqual([{ name: 'far-off', versions: [''] }]);
    expect(await open({ addresses: [here?.address ?? ''] }).listServices()).toEqual([]);

    const events = follow(reader, 'far-off');
    await eventually(() => events.map(({ type }) => type)).toEqual(['create', 'synced']);
    await owner.register(service('far-off', 81), { ttlMs: 600_000 });
    await eventually(() => events.at(-1)?.type).toBe('update');
    const refused = { code: 'NOT_SUPPORTED', message: expect.stringMatching(/dc1.*far/) };
    await expect(reader.register(service('far-off', 82))).rejects.toMatchObject(refused);
    expect(await addressesOf(reader, 'far-off')).toEqual(['10.0.0.1:81']);
    await owner.deregister(service('far-off'));
    await eventually(() => events.at(-1)?.type).toBe('delete');
  }, 120_000);
});

describe('tokens', () => {
  const management = randomUUID();
  let server: ConsulAgent;
  beforeAll(async () => {
    const tokens = `tokens { master = "${management}" agent = "${management}" }`;
    server = await consulAgent({ config: `acl { enabled = true default_policy = "deny" ${tokens} }` });
    await server.agent.start();
    await acl('policy', { Name: 'greeter', Rules: documentedPolicy() });
  }, 120_000);
  afterAll(() => server.agent.dispose());

  /** The policy that docs/consul.md tells users to make. */
  function documentedPolicy(): string {
    const page = readFileSync(new URL('../../../../docs/consul.md', import.meta.url), 'utf8');
    const [, policy = ''] = /```hcl\n(.*?)```/s.exec(page) ?? [];
    expect(policy).toContain('service "greeter"');
    return policy;
  }
  async function acl(path: string, body?: object): Promise<Record<string, string>> {
    const response = await fetch(`http://${server.address}/v1/acl/${path}`, {
      method: body === undefined ? 'DELETE' : 'PUT',
      headers: { 'x-consul-token': management },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, string>;
  }
  const newToken = () => acl('token', { Policies: [{ Name: 'greeter' }] });
  const at = (token?: ConsulOptions['token']) => open({ addresses: [server.address], token });

  it('the policy in docs/consul.md suffices for a service and allows nothing else', async () => {
    const registry = at((await newToken()).SecretID);
    await registry.init();
    const events = follow(registry, 'greeter');
    await registry.register(service('greeter'), { ttlMs: 30_000 });
    await registry.register(service('greeter'), { ttlMs: 30_000 });
    expect(await registry.listServices()).toEqual([{ name: 'greeter', versions: [''] }]);
    await eventually(() => events.map(({ type }) => type)).toContain('create');
    await registry.deregister(service('greeter'));
    await eventually(() => events.map(({ type }) => type)).toContain('delete');
    await expect(registry.register(service('other'))).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('a registry reads its address and token from the variables of Consul', async () => {
    process.env.CONSUL_HTTP_ADDR = server.address;
    process.env.CONSUL_HTTP_TOKEN = (await newToken()).SecretID;
    cleanUps.push(() => {
      delete process.env.CONSUL_HTTP_ADDR;
      delete process.env.CONSUL_HTTP_TOKEN;
    });
    const registry = open({});
    await registry.register(service('greeter'), { ttlMs: 30_000 });
    expect(await addressesOf(registry, 'greeter')).toEqual(['10.0.0.1:80']);
    await registry.deregister(service('greeter'));
  });

  it('init without a needed token fails and says where to give it', async () => {
    await expect(at().init()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(/--registry-token-file.*CONSUL_HTTP_TOKEN/),
    });
    await expect(at().getService('greeter')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const findings = [];
    for await (const finding of adapter.diagnose?.({ addresses: [server.address], env: {} }, {}) ?? [])
      findings.push(finding);
    expect(findings).toMatchObject([{ level: 'problem', remedy: expect.stringContaining('policy') }]);
  });

  it('init without a token succeeds where the anonymous token may read a single service', async () => {
    const { ID } = await acl('policy', {
      Name: 'one-service',
      Rules: 'service "greeter" { policy = "read" } node_prefix "" { policy = "read" }',
    });
    const anonymous = (policies: readonly object[]) =>
      acl('token/00000000-0000-0000-0000-000000000002', { Description: 'anonymous', Policies: policies });
    await anonymous([{ ID }]);
    cleanUps.push(() => anonymous([]));
    const owner = at((await newToken()).SecretID);
    await owner.register(service('greeter'), { ttlMs: 60_000 });
    const registry = at();
    await eventually(() =>
      registry.init().then(
        () => 'ready',
        ({ code }) => code,
      ),
    ).toBe('ready');
    expect(await addressesOf(registry, 'greeter')).toEqual(['10.0.0.1:80']);
    await owner.deregister(service('greeter'));
  });

  it('a token that may write but not read nodes of Consul is refused at once, and the message names the policy it needs', async () => {
    await acl('policy', { Name: 'writer', Rules: 'service_prefix "" { policy = "write" }' });
    const registry = at((await acl('token', { Policies: [{ Name: 'writer' }] })).SecretID);
    await registry.init();
    await expect(registry.register(service('blind'), { ttlMs: 5_000 })).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(/node_prefix.*node:read/),
    });
  });

  it('init rejects a token that Consul does not know', async () => {
    await expect(at(randomUUID()).init()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('calls and watches are UNAUTHORIZED after a token is revoked, and go on with a new token', async () => {
    const [old, next] = [await newToken(), await newToken()];
    let token = old.SecretID ?? '';
    const registry = at(() => token);
    const events = follow(registry, 'greeter');
    await registry.register(service('greeter'), { ttlMs: 600_000 });
    await eventually(() => events.map(({ type }) => type)).toContain('create');
    await acl(`token/${old.AccessorID}`);
    await eventually(() =>
      registry.getService('greeter').then(
        () => 'read',
        ({ code }) => code,
      ),
    ).toBe('UNAUTHORIZED');
    await eventually(() => events.at(-1)).toMatchObject({ type: 'interrupted', error: { code: 'UNAUTHORIZED' } });
    token = next.SecretID ?? '';
    await registry.register(service('greeter', 81), { ttlMs: 600_000 });
    expect(await addressesOf(registry, 'greeter')).toEqual(['10.0.0.1:81']);
    await eventually(() => events.map(({ type }) => type).lastIndexOf('synced')).toBeGreaterThan(
      events.findLastIndex(({ type }) => type === 'interrupted'),
    );
  }, 60_000);
});
