// The service `users`: it answers the name of a user.
import { createServer } from 'node:http';
import { createService } from 'rollcall';

const names = ['Ada', 'Grace', 'Barbara'];
const server = createServer((request, response) => {
  const id = Number(request.url?.slice(1));
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ id, name: names[id % names.length], from: process.pid }));
}).listen(0);
await createService({ name: 'users', version: '1.0.0', server }).run();
