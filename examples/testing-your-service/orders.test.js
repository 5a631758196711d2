// Run: node --test. The tests use a registry in memory instead of a server, and a registry that fails on demand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memory } from 'rollcall';
import { faulty } from 'rollcall/testing';
import { placeOrder } from './orders.js';

const payments = { name: 'payments', nodes: [{ id: 'payments-1', address: '127.0.0.1:9000' }] };
const call = async (/** @type {string} */ address) => `paid at ${address}`;

test('an order is paid at the node that is on the roll', async () => {
  const registry = memory();
  assert.equal(await placeOrder(registry, call), 'no payments service is up');
  await registry.register(payments);
  assert.equal(await placeOrder(registry, call), 'paid at 127.0.0.1:9000');
  await registry.close();
});

test('an order is queued while the registry is down or hangs, and is paid when the registry is back', async () => {
  const registry = faulty(memory({ timeoutMs: 50 }));
  await registry.register(payments);
  registry.down();
  assert.match(await placeOrder(registry, call), /^queued/);
  registry.up();
  assert.match(await placeOrder(registry, call), /^paid/);
  await registry.close();
});
