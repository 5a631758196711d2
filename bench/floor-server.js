// The floor of the benchmark: a registry in forty lines of node:http. It checks nothing, stores in memory only,
// and evicts by a scan of all nodes. Its figures are the upper bound that JavaScript and node:http allow.
import { createServer } from 'node:http';

/** @type {Map<string, Map<string, { record: object, seenAt: number, ttlMs: number }>>} */
const services = new Map();
/** @type {Map<string, Set<import('node:http').ServerResponse>>} */
const watches = new Map();
/** @type {Map<string, string>} */
const lists = new Map();

const server = createServer((request, response) => {
  const [, verb = '', service = '', id = ''] = (request.url ?? '').split('/');
  if (verb === 'renew') {
    const found = services.get(service)?.get(id);
    if (found !== undefined) found.seenAt = Date.now();
    return response.writeHead(found === undefined ? 404 : 200, { 'content-length': 0 }).end();
  }
  if (verb === 'watch') {
    watches.set(service, (watches.get(service) ?? new Set()).add(response));
    return response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  }
  if (verb === 'get') {
    const nodes = services.get(service)?.values() ?? [];
    const text = lists.get(service) ?? JSON.stringify([...nodes].map(({ record }) => record));
    lists.set(service, text);
    return response.writeHead(200, { 'content-length': Buffer.byteLength(text) }).end(text);
  }
  if (verb === 'list') return response.end(JSON.stringify([...services.keys()]));
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    response.writeHead(200, { 'content-length': 0 }).end();
    if (verb === 'renew-all') {
      for (const [name, node] of JSON.parse(body))
        Object.assign(services.get(name)?.get(node) ?? {}, { seenAt: Date.now() });
      return;
    }
    const record = JSON.parse(body);
    const nodes = services.get(service) ?? new Map();
    services.set(service, nodes.set(id, { record, seenAt: Date.now(), ttlMs: record.ttlMs }));
    tell(service, `event: put\ndata: ${JSON.stringify(record)}\n\n`);
  });
});

/** @param {string} service @param {string} text */
function tell(service, text) {
  lists.delete(service);
  for (const watch of watches.get(service) ?? []) watch.write(text);
}

setInterval(() => {
  for (const [service, nodes] of services)
    for (const [id, { seenAt, ttlMs }] of nodes)
      if (seenAt + ttlMs < Date.now() && nodes.delete(id))
        tell(service, `event: remove\ndata: {"hostname":"${id}"}\n\n`);
}, 50);

// The server must not close an idle connection of the load.
server.keepAliveTimeout = 0;
server.listen(Number(process.argv[2]), '127.0.0.1');
