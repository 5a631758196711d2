import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Consul from 'consul';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type ConsulAgent, consulAgent } from '../../../backends/src/index.ts';
import { Roll } from '../../../backends/test/both/roll.ts';
import { consul } from '../src/index.ts';

// The tests begin with the code that teams have today: the bare client, a TTL check and a blocking query, all by hand.

const bin = fileURLToPath(new URL('../../../cli/bin/rollcall.js', import.meta.url));
let server: ConsulAgent;
let bare: Consul;
const cleanUps: (() => unknown)[] = [];
beforeAll(async () => {
  server = await consulAgent();
  await server.agent.start();
  const { hostname: host, port } = new URL(`http://${server.address}`);
  bare = new Consul({ host, port: Number(port) });
}, 120_000);
afterAll(() => server.agent.dispose());
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const machine = () => `agent-${server.address.split(':')[1]}`;
const open = () => {
  const registry = consul({ addresses: [server.address] });
  cleanUps.push(() => registry.close());
  return registry;
};
const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 20_000 });
const users = {
  ...{ id: 'users-1', name: 'users', address: '10.0.0.7', port: 3000, tags: ['http', 'traefik.enable=true'] },
  ...{ meta: { version: '2.3.0', team: 'accounts' }, check: { name: 'alive', ttl: '15s', status: 'passing' } },
};
// The bare client's types do not know `meta`.
const register = () => bare.agent.service.register(users as never);

it('a service registered by hand is read and watched as any other, and gone while its check is critical', async () => {
  const registry = open();
  const roll = new Roll(registry, 'users');
  await eventually(() => roll.synced).toBe(true);
  await register();
  await eventually(() => roll.addresses).toEqual(['10.0.0.7:3000']);
  expect(await registry.getService('users')).toEqual([
    {
      ...{ name: 'users', version: '2.3.0', metadata: {}, endpoints: [] },
      nodes: [
        {
          id: `users-1@${machine()}`,
          address: '10.0.0.7:3000',
          metadata: { version: '2.3.0', team: 'accounts', 'consul-tags': 'http,traefik.enable=true' },
        },
      ],
    },
  ]);
  expect(await registry.listServices()).toEqual([{ name: 'users', versions: ['2.3.0'] }]);
  await bare.agent.check.fail({ id: 'service:users-1' });
  await eventually(() => roll.addresses).toEqual([]);
  expect(roll.events.at(-1)).toMatchObject({ type: 'delete', reason: 'expired' });
  await bare.agent.check.pass({ id: 'service:users-1' });
  await eventually(() => roll.addresses).toEqual(['10.0.0.7:3000']);
  await bare.agent.service.deregister({ id: 'users-1' });
  await eventually(() => roll.addresses).toEqual([]);
  expect(roll.events.at(-1)).toMatchObject({ type: 'delete', reason: 'deregistered' });
});

it('hand-written code finds a node that a registry registers', async () => {
  const registry = consul({ addresses: [server.address], tags: ['http'] });
  cleanUps.push(() => registry.close());
  const node = { id: 'orders-1', address: '10.0.0.8:3000', metadata: { zone: 'z1' } };
  await registry.register({ name: 'orders', version: '1.0.0', nodes: [node] }, { ttlMs: 15_000 });
  const answer = await bare.health.service({ service: 'orders', passing: true });
  expect(answer).toHaveLength(1);
  expect(answer[0].Service).toMatchObject({ Address: '10.0.0.8', Port: 3000, Meta: { zone: 'z1', version: '1.0.0' } });
  expect(answer[0].Service.Tags.at(-1)).toBe('http');
});

it('the command line lists, shows and removes a service that was registered by hand', async () => {
  await register();
  const rollcall = async (...args: readonly string[]) =>
    (
      await promisify(execFile)(process.execPath, [
        bin,
        ...args,
        '--registry',
        'consul',
        '--registry-address',
        server.address,
      ])
    ).stdout;
  expect(await rollcall('list')).toMatch(/users +2\.3\.0/);
  expect(await rollcall('get', 'users')).toMatch(/users-1@agent-\d+ +10\.0\.0\.7:3000/);
  await rollcall('deregister', 'users', 'users-1');
  expect(await bare.health.service({ service: 'users', passing: true })).toEqual([]);
});
