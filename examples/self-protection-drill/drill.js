// Run: node drill.js. Ten services lose the network at once: the registry blames the network and evicts none. Then
// an operator ends the protection. The drill takes about 10 s.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { discovery } from 'rollcall';

const bin = fileURLToPath(new URL('./bin/rollcall.js', import.meta.resolve('@rollcall/cli/package.json')));
const server = spawn(process.execPath, [bin, 'serve', '--port', '0', '--json', '--quiet'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [line] = await once(createInterface(server.stdout), 'line');
const { url } = JSON.parse(line);
const registry = discovery({ addresses: [url] });
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
const fleet = Array.from({ length: 10 }, (_, index) => ({
  name: 'fleet',
  nodes: [{ id: `node-${index}`, address: `10.0.0.${index + 1}:80` }],
}));

async function heartbeat() {
  await Promise.all(fleet.map((service) => registry.register(service, { ttlMs: 2_000, renewIntervalMs: 500 })));
}

async function roll() {
  const nodes = (await registry.getService('fleet')).flatMap((service) => service.nodes);
  return `${nodes.length} on the roll, ${nodes.filter(({ late }) => late).length} late`;
}

try {
  for (let beat = 0; beat < 4; beat += 1) {
    await heartbeat();
    await pause(500);
  }
  console.log(`healthy: ${await roll()}`);
  await pause(4_000);
  console.log(`silent for twice the TTL: ${await roll()}`);
  const status = /** @type {{ data: { environments: { explanation: string }[] } }} */ (
    await (await fetch(`${url}/api/status?env=default`)).json()
  );
  console.log(status.data.environments[0]?.explanation);
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"env":"default"}' };
  await fetch(`${url}/api/protection/end`, init);
  console.log(`protection ended by hand: ${await roll()}`);
} finally {
  await registry.close();
  server.kill('SIGTERM');
}
