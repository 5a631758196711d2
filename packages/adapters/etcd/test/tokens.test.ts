import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Registry, systemClock } from '@rollcall/core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type BackendProcess, etcdNode, findBinary } from '../../../backends/src/index.ts';
import { addressesOf, Roll } from '../../../backends/test/both/roll.ts';
import { Tokens } from '../src/cluster/tokens.ts';
import { etcd } from '../src/index.ts';

let node: BackendProcess;
let address = '';
let etcdctl = '';
const folder = mkdtempSync(join(tmpdir(), 'rollcall-jwt-'));
const cleanUps: (() => unknown)[] = [];

beforeAll(async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const [pub, priv] = [join(folder, 'pub.pem'), join(folder, 'priv.pem')];
  writeFileSync(pub, publicKey);
  writeFileSync(priv, privateKey);
  etcdctl = await findBinary('etcdctl');
  const jwt = `jwt,pub-key=${pub},priv-key=${priv},sign-method=RS256,ttl=10m`;
  ({ node, address } = await etcdNode({ args: ['--auth-token', jwt] }));
  await node.start();
  await admin('user', 'add', 'root:secret');
  await admin('user', 'grant-role', 'root', 'root');
}, 120_000);
afterAll(async () => {
  await node.dispose();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function admin(...args: readonly string[]): Promise<void> {
  const options = { env: { ...process.env, ETCDCTL_API: '3' } };
  await promisify(execFile)(etcdctl, ['--endpoints', address, ...args], options);
}
const asRoot = (...args: readonly string[]): Promise<void> => admin('--user', 'root:secret', ...args);
function open(token?: string): Registry {
  const registry = etcd({ addresses: [address], ...(token === undefined ? {} : { token }) });
  cleanUps.push(() => registry.close());
  return registry;
}
const service = (port = 80) => ({ name: 'greeter', nodes: [{ id: 'n0', address: `10.0.0.1:${port}` }] });
const renew = (registry: Registry, port?: number) => registry.register(service(port), { ttlMs: 60_000 });
const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 20_000 });

it('several calls whose token is refused at the same time ask for one new token', async () => {
  const { signal } = new AbortController();
  let asked = 0;
  const tokens = new Tokens(async () => {
    asked += 1;
    return `token ${asked}`;
  }, systemClock);
  const refused = await tokens.get(signal);
  const again = await Promise.all(
    Array.from({ length: 10 }, () => {
      tokens.drop(refused);
      return tokens.get(signal);
    }),
  );
  // This refusal comes late, for a call that used the old token.
  tokens.drop(refused);
  expect(new Set([...again, await tokens.get(signal)])).toEqual(new Set(['token 2']));
});

it('calls of a configured user work before, while and after authentication is switched on', async () => {
  const registry = open('root:secret\n');
  const roll = new Roll(registry, 'greeter');
  await registry.init();
  await renew(registry);
  await eventually(() => roll.addresses).toEqual(['10.0.0.1:80']);
  await admin('auth', 'enable');
  try {
    await renew(registry, 81);
    expect(await addressesOf(registry, 'greeter')).toEqual(['10.0.0.1:81']);
  } finally {
    await asRoot('auth', 'disable');
  }
  await renew(registry, 82);
  await eventually(() => roll.addresses).toEqual(['10.0.0.1:82']);
});

it('the error of a call without a user, where etcd asks for one, says where to set the user', async () => {
  await admin('auth', 'enable');
  try {
    await expect(open().init()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(/user:password.*--registry-token-file/),
    });
  } finally {
    await asRoot('auth', 'disable');
  }
});

it('after each change of users or roles calls go on with a token of the new state', async () => {
  await admin('auth', 'enable');
  try {
    const registry = open('root:secret');
    const roll = new Roll(registry, 'greeter');
    await renew(registry);
    await eventually(() => roll.synced).toBe(true);
    for (const [index, change] of [
      ['user', 'add', 'other:pw'],
      ['role', 'add', 'reader'],
      ['user', 'grant-role', 'other', 'reader'],
    ].entries()) {
      await asRoot(...change);
      // Several calls run at a time: one refused token must not make each call ask for a new token again and again.
      await Promise.all([renew(registry, 90 + index), registry.getService('greeter'), registry.listServices()]);
      await renew(registry, 90 + index);
    }
    await eventually(() => roll.addresses).toEqual(['10.0.0.1:92']);
    await registry.deregister(service());
  } finally {
    await asRoot('auth', 'disable');
  }
}, 60_000);
