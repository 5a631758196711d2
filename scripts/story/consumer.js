// The consumer of the story: it calls the greeter by its name, and reports the changes of the roll that it hears of.
import { createClient, discovery } from 'rollcall';

const [address = ''] = process.argv.slice(2);
const registry = discovery({ addresses: [address] });
const client = createClient(registry, { logger: { debug() {}, info() {}, warn() {}, error() {} } });
process.once('disconnect', () => process.exit());
process.once('SIGTERM', async () => {
  await client.close();
  await registry.close();
  process.disconnect?.();
});

/** The calls since `begin`, and the count of each answer. */
const calls = { made: 0, failed: 0, answers: /** @type {Record<string, number>} */ ({}) };

async function call() {
  calls.made += 1;
  try {
    const answer = await (await client.fetch('http://greeter/')).text();
    calls.answers[answer] = (calls.answers[answer] ?? 0) + 1;
  } catch {
    calls.failed += 1;
  }
}

/** @type {NodeJS.Timeout | undefined} */
let calling;
process.on('message', async (message) => {
  clearInterval(calling);
  if (message === 'begin') {
    Object.assign(calls, { made: 0, failed: 0, answers: {} });
    calling = setInterval(call, 20);
  } else process.send?.({ type: 'calls', ...calls, at: Date.now() });
});

for await (const event of registry.watch({ name: 'greeter' })) {
  const node = 'service' in event ? event.service.nodes[0] : undefined;
  const reason = event.type === 'delete' ? event.reason : undefined;
  process.send?.({ type: event.type, id: node?.id, late: node?.late === true, reason, at: Date.now() });
}
