// This program only calls: it waits for the shop and then orders.
import { createClient, loadRegistry } from 'rollcall';

const orders = Number(process.env.ORDERS ?? 3);
const registry = await loadRegistry();
const client = createClient(registry);
try {
  await client.ready(['shop', 'users', 'stock'], { timeoutMs: 20_000 });
  for (let order = 0; order < orders; order += 1) {
    const response = await client.fetch(`http://shop/${order}/apple`);
    console.log(await response.text());
  }
} finally {
  await client.close();
  await registry.close();
}
