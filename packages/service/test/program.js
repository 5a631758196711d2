// A program that keeps a service registered until a signal ends it. The program prints its events to stdout; the
// runtime's own lines go to stderr. With the argument `never`, the server never listens.
import { createServer } from 'node:http';
import { memory } from '../../adapters/memory/dist/index.js';
import { createService } from '../dist/index.js';

const server = createServer();
if (process.argv[2] !== 'never') server.listen(0, '127.0.0.1');
const registry = memory();
const service = createService({ name: 'greeter', server, registry, drainMs: process.argv[2] === 'slow' ? 60_000 : 0 });
service.on('registered', () => console.log('registered'));
service.on('stopped', () => console.log('stopped'));
const running = service.run();
// From here on the program handles signals.
console.log('ready');
await running;
console.log(`left: ${(await registry.listServices()).length}, listening: ${server.listening}`);
await registry.close();
