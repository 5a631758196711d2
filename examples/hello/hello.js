// Run: node hello.js. The program registers a service, finds it, watches its deletion, and exits by itself.
import { memory } from 'rollcall';

const registry = memory();
await registry.register({ name: 'greeter', version: '1.0.0', nodes: [{ id: 'greeter-1', address: '127.0.0.1:8080' }] });

for (const service of await registry.getService('greeter')) {
  console.log(`${service.name} ${service.version} at ${service.nodes.map((node) => node.address).join(', ')}`);
}

for await (const event of registry.watch({ name: 'greeter' })) {
  console.log(event.type);
  // The watcher has the whole state now: withdraw the node, and the watcher reports it.
  if (event.type === 'synced') await registry.deregister({ name: 'greeter', nodes: [{ id: 'greeter-1' }] });
  if (event.type === 'delete') break;
}
await registry.close();
