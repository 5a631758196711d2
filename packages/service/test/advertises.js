// Prints, as JSON, the address that a service on this machine advertises, and the lines of its runtime.
// Arguments: the host that the server is bound to, and the endpoint of the registry ('' for a registry without one).
import { createServer } from 'node:http';
import { memory } from '../../adapters/memory/dist/index.js';
import { createService } from '../dist/index.js';

const [host = '0.0.0.0', endpoint = ''] = process.argv.slice(2);
const inner = memory();
// A registry that other machines see. Its backend need not answer, because only its address matters here.
/** @type {import('@rollcall/core').Registry} */
const registry = {
  name: 'far',
  capabilities: { ...inner.capabilities, crossHost: true },
  endpoints: endpoint === '' ? undefined : [endpoint],
  init: async () => {},
  register: async () => {},
  deregister: async () => {},
  getService: async () => [],
  listServices: async () => [],
  watch: () => inner.watch(),
  close: async () => {},
  [Symbol.asyncDispose]: async () => {},
};
/** @type {string[]} */
const lines = [];
const tell = (/** @type {object} */ _fields, /** @type {string} */ message) => void lines.push(message);
const server = createServer().listen(0, host);
const service = createService({
  ...{ name: 'web', server, registry, drainMs: 0, settings: { argv: [], env: {} } },
  logger: { debug() {}, info: tell, warn: tell, error: tell },
});
try {
  const { address } = await service.start();
  console.log(JSON.stringify({ address: address.replace(/:\d+$/, ''), lines }));
} catch (error) {
  console.log(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
}
await service.stop();
await inner.close();
