// The consumer of the greeter: it finds the service by name and calls it.
import { loadRegistry, waitForService } from 'rollcall';

const registry = await loadRegistry();
try {
  const [greeter] = await waitForService(registry, 'greeter', { timeoutMs: 10_000 });
  // A late node may be dead: it is the choice only when there is no other.
  const node = greeter?.nodes.find(({ late }) => !late) ?? greeter?.nodes[0];
  const response = await fetch(`http://${node?.address}`);
  console.log(`${greeter?.name} ${greeter?.version} says: ${await response.text()}`);
} finally {
  await registry.close();
}
