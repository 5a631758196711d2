// One greeter of the story: an HTTP server on a free port, registered for as long as it lives. `freeze` stops its
// heartbeats.
import { createServer } from 'node:http';
import { createService, discovery } from 'rollcall';
import { faulty } from 'rollcall/testing';

const [address = '', id = ''] = process.argv.slice(2);
const registry = faulty(discovery({ addresses: [address] }));
const server = createServer((_request, response) => response.end(`hello from ${id}`)).listen(0, '127.0.0.1');
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const service = createService({
  name: 'greeter',
  version: '1.0.0',
  id,
  server,
  registry,
  ttlMs: 3_000,
  renewIntervalMs: 1_000,
  drainMs: 200,
  logger,
});

process.on('message', (message) => {
  // A partition looks like this: the link to the registry hangs, but the process lives.
  if (message === 'freeze') registry.hang();
  if (message === 'thaw') registry.up();
});
process.once('disconnect', () => process.exit());
await service.start();
process.send?.({ pid: process.pid });
process.once('SIGTERM', async () => {
  registry.up();
  await service.stop();
  await registry.close();
  process.disconnect?.();
});
