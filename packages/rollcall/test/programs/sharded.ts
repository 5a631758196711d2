// Each key goes to one node, over HTTP and over the caller's own protocol. This file is only type-checked.
import { byKey, createClient, loadRegistry } from 'rollcall';

const client = createClient(loadRegistry(), { services: { carts: { strategy: byKey() } } });
export const cart = (id: string): Promise<Response> => client.fetch(`http://carts/${id}`, { rollcall: { key: id } });

declare function redisGet(host: string, port: number, key: string, signal: AbortSignal): Promise<string>;
const cache = client.service('cache', { strategy: byKey({ bound: 2 }) });
export const cached = (key: string): Promise<string> =>
  cache.call(({ host, port }, signal) => redisGet(host, port, key, signal), { key, idempotent: true });
