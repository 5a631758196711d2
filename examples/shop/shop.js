// The service `shop`: it calls the two other services by their names, and the buyer calls it.
import { createServer } from 'node:http';
import { createClient, createService, loadRegistry } from 'rollcall';

const registry = await loadRegistry();
const client = createClient(registry);

/** @param {string} url */
const ask = async (url) => (await client.fetch(url)).json();

const server = createServer(async (request, response) => {
  const [, user, item] = request.url?.split('/') ?? [];
  try {
    const [{ name }, { left }] = /** @type {[{ name: string }, { left: number }]} */ (
      await Promise.all([ask(`http://users/${user}`), ask(`http://stock/${item}`)])
    );
    response.end(`${name} orders 1 ${item}, ${left - 1} left`);
  } catch (error) {
    response.writeHead(502).end(error instanceof Error ? `${error.message}: ${error.cause}` : 'failed');
  }
}).listen(0);
await createService({ name: 'shop', version: '1.0.0', server, registry }).run();
await client.close();
await registry.close();
