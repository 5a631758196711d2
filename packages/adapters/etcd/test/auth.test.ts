import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Registry, RegistryOptions } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type BackendProcess, etcdNode, findBinary, TcpProxy } from '../../../backends/src/index.ts';
import { addressesOf, Roll } from '../../../backends/test/both/roll.ts';
import { etcd } from '../src/index.ts';

/** How long etcd keeps an unused token of a user, in seconds. */
const tokenTtl = 2;
let node: BackendProcess;
let address = '';
let etcdctl = '';
let proxy: TcpProxy;
const cleanUps: (() => unknown)[] = [];

beforeAll(async () => {
  etcdctl = await findBinary('etcdctl');
  ({ node, address } = await etcdNode({ args: ['--auth-token-ttl', `${tokenTtl}`] }));
  await node.start();
  for (const command of documentedCommands()) await admin(...command);
  await admin('user', 'add', 'root:secret');
  await admin('user', 'grant-role', 'root', 'root');
  await admin('user', 'add', 'greeter:first');
  await admin('user', 'grant-role', 'greeter', 'rollcall');
  await admin('auth', 'enable');
}, 120_000);
afterAll(() => node.dispose());
beforeEach(async () => {
  proxy = new TcpProxy(address);
  await proxy.listen();
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  await proxy.close();
});

/** The role that docs/etcd.md tells users to make. */
function documentedCommands(): readonly (readonly string[])[] {
  const page = readFileSync(new URL('../../../../docs/etcd.md', import.meta.url), 'utf8');
  const commands = [...page.matchAll(/^etcdctl (role .*)$/gm)].map(([, command = '']) => command.split(' '));
  expect(commands).toHaveLength(2);
  return commands;
}
async function admin(...args: readonly string[]): Promise<string> {
  const options = { env: { ...process.env, ETCDCTL_API: '3' } };
  return (await promisify(execFile)(etcdctl, ['--endpoints', address, ...args], options)).stdout;
}
const asRoot = (...args: readonly string[]): Promise<string> => admin('--user', 'root:secret', ...args);

function open(token: string, options: RegistryOptions & { readonly addresses?: readonly string[] } = {}): Registry {
  const registry = etcd({ addresses: [proxy.address], token, ...options });
  cleanUps.push(() => registry.close());
  return registry;
}
const service = (port = 80) => ({ name: 'greeter', nodes: [{ id: 'n0', address: `10.0.0.1:${port}` }] });
const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 20_000 });

it('the role in docs/etcd.md suffices for a service and allows nothing else', async () => {
  const registry = open('greeter:first');
  await registry.init();
  const roll = new Roll(registry, 'greeter');
  await registry.register(service(), { ttlMs: 10_000 });
  await registry.register(service(), { ttlMs: 10_000 });
  await registry.register(service(), { ttlMs: 20_000 });
  expect(await registry.listServices()).toEqual([{ name: 'greeter', versions: [''] }]);
  await eventually(() => roll.addresses).toEqual(['10.0.0.1:80']);
  await registry.deregister(service());
  await eventually(() => roll.addresses).toEqual([]);
  await expect(open('greeter:first', { namespace: 'team' }).register(service())).rejects.toMatchObject({
    code: 'UNAUTHORIZED',
  });
});

it('init rejects a wrong password', async () => {
  await expect(open('greeter:wrong').init()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  await expect(open('nobody:first').init()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
});

it('calls and watches get a new token when the token of the user has expired', async () => {
  const registry = open('greeter:first');
  const roll = new Roll(registry, 'greeter');
  await registry.register(service(), { ttlMs: 60_000 });
  await eventually(() => roll.addresses).toEqual(['10.0.0.1:80']);
  // Nothing tells when etcd has forgotten the token. etcd looks for expired tokens twice in the life of a token.
  await pause(tokenTtl * 2_000);
  await registry.register(service(81), { ttlMs: 60_000 });
  await eventually(() => roll.addresses).toEqual(['10.0.0.1:81']);
  proxy.cut();
  await eventually(() => roll.synced).toBe(false);
  await pause(tokenTtl * 2_000);
  proxy.restore();
  await eventually(() => roll.synced).toBe(true);
  await registry.register(service(82), { ttlMs: 60_000 });
  await eventually(() => roll.addresses).toEqual(['10.0.0.1:82']);
  expect(await addressesOf(registry, 'greeter')).toEqual(['10.0.0.1:82']);
}, 60_000);

it('calls are UNAUTHORIZED after a role is revoked, and go on when it is granted again', async () => {
  const registry = open('greeter:first');
  const roll = new Roll(registry, 'greeter');
  await registry.register(service(), { ttlMs: 60_000 });
  await eventually(() => roll.addresses).toEqual(['10.0.0.1:80']);
  await asRoot('user', 'revoke-role', 'greeter', 'rollcall');
  await expect(registry.register(service(81), { ttlMs: 60_000 })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  await expect(registry.getService('greeter')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  await asRoot('user', 'grant-role', 'greeter', 'rollcall');
  await eventually(() =>
    registry.register(service(82), { ttlMs: 60_000 }).then(
      () => true,
      () => false,
    ),
  ).toBe(true);
  await eventually(() => roll.addresses).toEqual(['10.0.0.1:82']);
}, 60_000);
