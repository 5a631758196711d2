// A service with a heartbeat worker, on the discovery server at the given address. Its TTL is TTL_MS, or 1 s. A client
// in the same process follows the service. The program sends its events to its parent, and obeys the parent's messages:
// { block: ms } keeps the main loop busy, { kill: true } ends the worker.
import { Worker } from 'node:worker_threads';
import { discovery } from '../../adapters/discovery/dist/index.js';
import { createClient } from '../../client/dist/index.js';
import { createService } from '../dist/index.js';

const [address = '', check = ''] = process.argv.slice(2);
/** @type {Worker[]} */
const workers = [];
const post = Worker.prototype.unref;
Worker.prototype.unref = function unref() {
  workers.push(this);
  return post.call(this);
};
const tell = (/** @type {object} */ message) => process.send?.(message);
let healthy = true;
const registry = discovery({ addresses: [address] });
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const client = createClient(registry, { logger: silent, probe: false });
client.on('status', ({ status }) => tell({ event: 'view', status }));
const service = createService({
  name: 'beating',
  id: 'b1',
  advertise: '10.0.0.1:80',
  registry,
  heartbeat: 'worker',
  ttlMs: Number(process.env.TTL_MS ?? 1_000),
  renewIntervalMs: 300,
  maxStallMs: 4_000,
  drainMs: 0,
  ...(check === 'check'
    ? {
        registerCheck: () => {
          if (!healthy) throw new Error('the database is away');
        },
      }
    : {}),
  logger: {
    debug() {},
    info() {},
    warn: (_fields, line) => tell({ line }),
    error() {},
  },
});
service.on('registered', () => tell({ event: 'registered' }));
service.on('unregistered', () => tell({ event: 'unregistered' }));
service.on('conflict', () => tell({ event: 'conflict' }));
service.on('stalled', (info) => tell({ event: 'stalled', ...info }));
process.on('message', async (/** @type {any} */ order) => {
  if (order.block) {
    const end = Date.now() + order.block;
    while (Date.now() < end);
  }
  if (order.kill) await workers[0]?.terminate();
  if ('healthy' in order) healthy = order.healthy;
  if (order.stop) {
    await client.close();
    await service.stop();
    await registry.close();
    tell({ event: 'stopped' });
    process.disconnect();
  }
});
await service.start();
client.service('beating');
