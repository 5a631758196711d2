// The service `stock`: it answers how many pieces of a thing are left.
import { createServer } from 'node:http';
import { createService } from 'rollcall';

const server = createServer((request, response) => {
  const item = request.url?.slice(1) ?? '';
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ item, left: item.length }));
}).listen(0);
await createService({ name: 'stock', version: '1.0.0', server }).run();
