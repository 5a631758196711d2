// The code under test: it places an order with any known payment node, and says so when it knows none.
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
