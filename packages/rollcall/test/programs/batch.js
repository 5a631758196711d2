// A job that waits for the services it depends on, remembers their addresses, and may repeat its requests.
import { createClient, loadRegistry, noNodeIn } from 'rollcall';

const [snapshotFile = 'nightly.json', timeoutMs = '600000'] = process.argv.slice(2);
const client = createClient(loadRegistry({ argv: [] }), { snapshotFile });
try {
  await client.ready(['users', 'billing'], { timeoutMs: Number(timeoutMs) });
  for (let page = 0; page < 10; page += 1)
    await client.fetch(`http://billing/close/${page}`, {
      method: 'POST',
      rollcall: { idempotent: true, waitForNodeMs: 30_000 },
    });
  console.log('closed ten pages');
} catch (error) {
  console.log(noNodeIn(error)?.reason);
} finally {
  await client.close();
}
