// A program that keeps a service registered until a signal ends it. The program prints its events to stdout; the
// runtime's own lines go to stderr. With the argument `never`, the server never listens. With `later`, it begins to
// listen while the service starts, and until then nothing else keeps the process alive. With `later` and `closed`, the
// program closes its server by itself, then stops the service.
import { createServer } from 'node:http';
import { memory } from '../../adapters/memory/dist/index.js';
import { createService } from '../dist/index.js';

const server = createServer();
const [mode = ''] = process.argv.slice(2);
const listen = () => server.listen(0, '127.0.0.1');
if (mode === 'later') setTimeout(listen, 100).unref();
else if (mode !== 'never') listen();
const registry = memory();
const drains = { slow: 60_000, closed: 200 };
const drainMs = drains[/** @type {keyof typeof drains} */ (mode)] ?? 0;
const service = createService({ name: 'greeter', server, registry, drainMs });
service.on('registered', () => console.log('registered'));
service.on('stopped', () => console.log('stopped'));
const running = mode === 'closed' || mode === 'later' ? endsBySelf() : service.run();
// From here on the program handles signals.
console.log('ready');
await running;
console.log(`left: ${(await registry.listServices()).length}, listening: ${server.listening}`);
await registry.close();

async function endsBySelf() {
  await service.start();
  await new Promise((resolve) => server.close(resolve));
  await service.stop();
}
