// Registers node `n` of service `mortal` at the server of the first argument, renews every 500 ms, and prints the wall
// clock around each renewal.
import { discovery } from '../dist/index.js';

const registry = discovery({ addresses: [process.argv[2] ?? ''] });
const service = { name: 'mortal', nodes: [{ id: 'n', address: '10.0.0.1:80' }] };
for (;;) {
  const sent = Date.now();
  await registry.register(service, { ttlMs: 3_000, renewIntervalMs: 500 });
  console.log(JSON.stringify({ sent, done: Date.now() }));
  await new Promise((resolve) => setTimeout(resolve, 500));
}
