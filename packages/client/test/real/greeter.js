// A greeter in a process of its own. Its argument is its id. The environment names its registry, and GREETER_TTL_MS its
// TTL.
import { createServer } from 'node:http';
import { createService } from 'rollcall';

const [id = 'greeter'] = process.argv.slice(2);
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.end(id));
}).listen(0, '127.0.0.1');
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const ttlMs = Number(process.env.GREETER_TTL_MS ?? 6_000);
const times = { ttlMs, renewIntervalMs: ttlMs / 3, drainMs: 1_000 };
const service = createService({
  name: 'greeter',
  version: '1.0.0',
  id,
  server,
  advertise: '127.0.0.1',
  logger,
  ...times,
});
service.on('registered', () => process.send?.('registered'));
await service.run();
