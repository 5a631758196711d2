// The consumer of the greeter: it finds the service by name and calls it.
import { loadRegistry, waitForService } from 'rollcall';

const registry = await loadRegistry();
try {
  const [greeter] = await waitForService(registry, 'greeter', { timeoutMs: 10_000 });
  // A late node may be dead, so it is called only when no other node is listed.
  const node = greeter?.nodes.find(({ late }) => !late) ?? greeter?.nodes[0];
  const response = await fetch(`http://${node?.address}`);
  console.log(`${greeter?.name} ${greeter?.version} says: ${await response.text()}`);
} finally {
  await registry.close();
}
