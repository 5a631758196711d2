// Run: node main.js [--registry memory|mdns|consul|etcd|discovery] [--registry-address host:port]
// This program starts three services (one of them, `users`, twice) and a buyer. It kills one `users` while the buyer
// orders, and no order fails. The services and the buyer are the same under every backend. Without --registry it starts
// a discovery server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadRegistry } from 'rollcall';

const { values } = parseArgs({ options: { registry: { type: 'string' }, 'registry-address': { type: 'string' } } });
const file = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
/** @type {import('node:child_process').ChildProcess[]} */
const children = [];

/** @param {string[]} args @param {import('node:child_process').StdioOptions} stdio */
function start(args, stdio = ['ignore', 'inherit', 'inherit']) {
  const child = spawn(process.execPath, args, { stdio });
  children.push(child);
  return child;
}

/** @param {import('node:child_process').ChildProcess} child */
function linesOf({ stdout }) {
  if (stdout === null) throw new Error('the process has no output');
  return createInterface(stdout);
}

/** The discovery server of this example, on a free port. */
async function serve() {
  const cli = fileURLToPath(new URL('./bin/rollcall.js', import.meta.resolve('@rollcall/cli/package.json')));
  const server = start([cli, 'serve', '--port', '0', '--json', '--quiet'], ['ignore', 'pipe', 'inherit']);
  const [line] = await once(linesOf(server), 'line');
  return new URL(JSON.parse(line).url).host;
}

/** Whether other processes see the registry. A registry inside this process needs all programs in it. */
async function isShared() {
  if (values.registry === undefined) return true;
  const registry = await loadRegistry({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
  await registry.close();
  return registry.capabilities.crossProcess;
}

async function together() {
  for (const name of ['users', 'stock', 'shop']) import(`./${name}.js`);
  await import('./buyer.js');
  process.kill(process.pid, 'SIGTERM');
}

async function apart() {
  const address = values['registry-address'] ?? (values.registry === undefined ? await serve() : undefined);
  const flags = ['--registry', values.registry ?? 'discovery', ...(address ? ['--registry-address', address] : [])];
  const users = start([file('users.js'), ...flags]);
  const services = [users, ...['users.js', 'stock.js'].map((name) => start([file(name), ...flags]))];
  const shop = start([file('shop.js'), ...flags]);
  const buyer = start([file('buyer.js'), ...flags], ['ignore', 'pipe', 'inherit']);
  let orders = 0;
  linesOf(buyer).on('line', (line) => {
    console.log(line);
    orders += 1;
    if (orders === 1) users.kill('SIGKILL');
  });
  const [code] = await once(buyer, 'exit');
  process.exitCode = code ?? 1;
  // A caller ends before the services that it calls; the registry ends last, so that all services can withdraw.
  await end([shop]);
  await end(services);
}

/** @param {import('node:child_process').ChildProcess[]} programs */
async function end(programs) {
  const running = programs.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  const ended = Promise.all(running.map((program) => once(program, 'exit')));
  for (const program of running) program.kill('SIGTERM');
  await ended;
}

try {
  await ((await isShared()) ? apart() : together());
} finally {
  for (const child of children) child.kill('SIGTERM');
}
