// Run: node main.js [--registry memory|mdns|consul|etcd|discovery] [--registry-address host:port]
// This program starts the greeter, lets the caller find it, and ends both. The greeter and the caller are the same
// under every backend. Without --registry this program starts a discovery server for them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadRegistry } from 'rollcall';

const { values } = parseArgs({
  options: { registry: { type: 'string' }, 'registry-address': { type: 'string' } },
});
const file = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
/** @type {import('node:child_process').ChildProcess[]} */
const children = [];

/** @param {string[]} args @param {import('node:child_process').StdioOptions} stdio */
function start(args, stdio = 'inherit') {
  const child = spawn(process.execPath, args, { stdio });
  children.push(child);
  return child;
}

/** The discovery server of this example, on a free port. */
async function serve() {
  const cli = fileURLToPath(new URL('./bin/rollcall.js', import.meta.resolve('@rollcall/cli/package.json')));
  const server = start([cli, 'serve', '--port', '0', '--json', '--quiet'], ['ignore', 'pipe', 'inherit']);
  if (server.stdout === null) throw new Error('the server has no output');
  const [line] = await once(createInterface(server.stdout), 'line');
  return new URL(JSON.parse(line).url).host;
}

/** Whether other processes see the registry. A registry inside this process needs both programs in it. */
async function isShared() {
  if (values.registry === undefined) return true;
  const registry = await loadRegistry({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
  await registry.close();
  return registry.capabilities.crossProcess;
}

try {
  if (!(await isShared())) {
    import('./greeter.js');
    await import('./caller.js');
    process.kill(process.pid, 'SIGTERM');
  } else {
    const address = values['registry-address'] ?? (values.registry === undefined ? await serve() : undefined);
    const flags = ['--registry', values.registry ?? 'discovery', ...(address ? ['--registry-address', address] : [])];
    const greeter = start([file('greeter.js'), ...flags]);
    const caller = start([file('caller.js'), ...flags]);
    const greeterEnded = once(greeter, 'exit');
    const [code] = await once(caller, 'exit');
    greeter.kill('SIGTERM');
    await greeterEnded;
    process.exitCode = code ?? 1;
  }
} finally {
  for (const child of children) child.kill('SIGTERM');
}
