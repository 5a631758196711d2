// A program with a busy heap. Its arguments are servers, and the first of them is mute. It reads four times and writes
// once. Run it with --expose-gc. It prints one JSON line: the milliseconds that each call took, or its error code.
import { discovery } from '../dist/index.js';

const addresses = process.argv.slice(2);
const busy = setInterval(() => {
  const garbage = Array.from({ length: 2_000 }, (_, index) => ({ index }));
  globalThis.gc?.();
  return garbage.length;
}, 20);
const took = [];
for (let read = 0; read < 4; read += 1) {
  // Each call has a registry of its own, so that no call profits from what an earlier one learned of the mute server.
  const registry = discovery({ addresses });
  const startedAt = performance.now();
  const result = await registry.getService('web').then(
    () => Math.round(performance.now() - startedAt),
    ({ code }) => code,
  );
  took.push(result);
  await registry.close({ withdraw: false });
}
const writer = discovery({ addresses });
const startedAt = performance.now();
const written = await writer
  .register({ name: 'web', nodes: [{ id: 'n', address: '10.0.0.1:80' }] }, { ttlMs: 30_000 })
  .then(
    () => Math.round(performance.now() - startedAt),
    ({ code }) => code,
  );
clearInterval(busy);
console.log(JSON.stringify({ took, written }));
process.exit();
