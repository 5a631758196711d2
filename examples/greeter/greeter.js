// A service: an HTTP server on any free port, registered for as long as it lives.
import { createServer } from 'node:http';
import { createService } from 'rollcall';

const server = createServer((_request, response) => response.end(`hello from process ${process.pid}`)).listen(0);
await createService({ name: 'greeter', version: '1.0.0', server }).run();
