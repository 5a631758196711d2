// Opens a registry of the adapter of the first argument with the options (JSON) of the second, uses it, and ends.
// With `close` as third argument it closes the registry; with `watch` it leaves a watcher that has no pending next.
const [, , name = '', options = '', how] = process.argv;
const adapter = await import(`../../../adapters/${name}/dist/index.js`);
const registry = adapter[name](JSON.parse(options));
await registry.register({ name: 'brief', nodes: [{ id: 'n', address: '10.0.0.1:80' }] }, { ttlMs: 60_000 });
const watcher = registry.watch();
await watcher.next();
if (how !== 'watch') await watcher.return();
if (how === 'close') await registry.close();
console.log((await registry.getService('brief').catch((/** @type {{ code: string }} */ { code }) => [code])).length);
