// A program whose heap is kept busy reads four times and writes once from the servers of its arguments, of which the first is mute. Run with
// --expose-gc. Prints one JSON line: how long each read took in milliseconds, or its error code.
import { discovery } from '../dist/index.js';

const addresses = process.argv.slice(2);
const busy = setInterval(() => {
  const garbage = Array.from({ length: 2_000 }, (_, index) => ({ index }));
  globalThis.gc?.();
  return garbage.length;
}, 20);
const took = [];
for (let read = 0; read < 4; read += 1) {
  // A registry of its own each time: what one has learned of a mute server must not help the next.
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
