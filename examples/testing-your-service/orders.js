// The code under test: places an order with whichever payment node is there, and says so when none is known.
import { RegistryError } from 'rollcall';

/**
 * @param {import('rollcall').Registry} registry
 * @param {(address: string) => Promise<string>} call
 */
export async function placeOrder(registry, call) {
  try {
    const services = await registry.getService('payments');
    const [node] = services.flatMap(({ nodes }) => nodes);
    return node === undefined ? 'no payments service is up' : await call(node.address);
  } catch (error) {
    if (RegistryError.is(error, 'UNAVAILABLE', 'TIMEOUT')) return 'queued: the registry does not answer';
    throw error;
  }
}
