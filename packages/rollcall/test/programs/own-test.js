// A user's test of code that calls a service.
import { strictEqual } from 'node:assert';
import { test } from 'node:test';
import { createClient, memory } from 'rollcall';
import { fakeService } from 'rollcall/testing';

/** @param {import('rollcall').Client} client */
async function greet(client) {
  return `hello ${await (await client.fetch('http://users/1')).text()}`;
}

test('greet survives the loss of a node', async () => {
  const registry = memory();
  const ann = () => new Response('ann');
  const users = await fakeService(registry, 'users', ann, ann);
  const client = createClient(registry);
  strictEqual(await greet(client), 'hello ann');
  await users.nodes[0]?.kill();
  for (let call = 0; call < 10; call += 1) strictEqual(await greet(client), 'hello ann');
  strictEqual((users.nodes[1]?.calls ?? 0) > 0, true);
  await client.close();
  await users[Symbol.asyncDispose]();
  await registry.close();
});

test('greet works without any socket', async () => {
  const registry = memory();
  await registry.register({ name: 'users', nodes: [{ id: 'u1', address: '192.0.2.1:80' }] });
  const client = createClient(registry, { fetch: async () => new Response('ann') });
  strictEqual(await greet(client), 'hello ann');
});
