// The consumer of the story: finds greeters by name, calls them in turn, and tells what the roll tells it.
import { discovery } from 'rollcall';

const [address = ''] = process.argv.slice(2);
const registry = discovery({ addresses: [address] });
/** @type {Map<string, string>} */
const nodes = new Map();
process.once('disconnect', () => process.exit());
process.once('SIGTERM', async () => {
  await registry.close();
  process.disconnect?.();
});
process.on('message', async (message) => {
  if (message !== 'call') return;
  /** @type {Record<string, string>} */
  const answers = {};
  for (const [id, at] of nodes) {
    answers[id] = await fetch(`http://${at}`).then(
      (response) => response.text(),
      (error) => `failed: ${error.message}`,
    );
  }
  process.send?.({ type: 'answers', answers, at: Date.now() });
});
for await (const event of registry.watch({ name: 'greeter' })) {
  const node = 'service' in event ? event.service.nodes[0] : undefined;
  if (node && event.type === 'delete') nodes.delete(node.id);
  else if (node) nodes.set(node.id, node.address);
  const reason = event.type === 'delete' ? event.reason : undefined;
  process.send?.({ type: event.type, id: node?.id, late: node?.late === true, reason, at: Date.now() });
}
