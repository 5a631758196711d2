// Runs ten greeters on ten ports of the given address, and prints the ports.
import { once } from 'node:events';
import { createServer } from 'node:http';

const [host = '127.0.0.1'] = process.argv.slice(2);
const ports = [];
for (let index = 0; index < 10; index += 1) {
  const server = createServer((_request, response) => response.end(`g${index}`)).listen(0, host);
  await once(server, 'listening');
  const place = server.address();
  if (typeof place === 'object' && place !== null) ports.push(place.port);
}
console.log(JSON.stringify(ports));
