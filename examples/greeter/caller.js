// The consumer of the greeter: it finds the service by name and calls it.
import { loadRegistry, waitForService } from 'rollcall';

const registry = await loadRegistry();
try {
  const [greeter] = await waitForService(registry, 'greeter', { timeoutMs: 10_000 });
  const response = await fetch(`http://${greeter?.nodes[0]?.address}`);
  console.log(`${greeter?.name} ${greeter?.version} says: ${await response.text()}`);
} finally {
  await registry.close();
}
