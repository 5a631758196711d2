// Opens a registry at the server of the first argument, uses it, and ends. With `close` as second argument it closes
// the registry; with `watch` it leaves a watcher behind that has no pending next.
import { discovery } from '../dist/index.js';

const [, , address = '', how] = process.argv;
const registry = discovery({ addresses: [address] });
await registry.register({ name: 'brief', nodes: [{ id: 'n', address: '10.0.0.1:80' }] }, { ttlMs: 60_000 });
const watcher = registry.watch();
await watcher.next();
if (how !== 'watch') await watcher.return();
if (how === 'close') await registry.close();
console.log((await registry.getService('brief').catch(({ code }) => [code])).length);
