// Run: node bench/restart.js [instances ...] (after a build). How long a server with a data folder takes from its start until it is
// ready, by the number of instances that it keeps, and its memory then. The instances are registered by HTTP first, a hundred a call.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../packages/cli/bin/rollcall.js', import.meta.url));
const sizes = process.argv.slice(2).map(Number);
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** @param {string} folder */
async function serve(folder) {
  const port = await freePort();
  const began = performance.now();
  const args = ['--data-dir', folder, '--port', `${port}`, '--max-instances-per-token', '1000000', '--quiet'];
  const child = spawn(process.execPath, [bin, 'serve', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const ready = await fetch(`${url}/readyz`).catch(() => undefined);
    if (ready?.status === 200) break;
    await pause(10);
  }
  return { child, url, seconds: (performance.now() - began) / 1_000 };
}

/** @param {import('node:child_process').ChildProcess} child @param {NodeJS.Signals} signal */
async function end(child, signal) {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

/** @param {number} from */
const hundred = (from) =>
  Array.from({ length: 100 }, (_, index) => ({
    env: 'prod',
    appid: `service-${Math.floor((from + index) / 100)}`,
    hostname: `node-${from + index}-0123456789abcdef`,
    addrs: ['10.0.0.1:8080'],
    version: '1.2.3',
    metadata: { server: 'http', protocol: 'http', registry: 'discovery', zone: 'eu-central-1a' },
    ttlMs: 600_000,
    renewIntervalMs: 200_000,
  }));

for (const size of sizes.length === 0 ? [10_000, 100_000] : sizes) {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const first = await serve(folder);
  const began = performance.now();
  for (let from = 0; from < size; from += 100) {
    const body = JSON.stringify({ instances: hundred(from) });
    const answer = await fetch(`${first.url}/api/register`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    if (answer.status !== 200) throw new Error(await answer.text());
    await answer.arrayBuffer();
  }
  const perSecond = Math.round(size / ((performance.now() - began) / 1_000));
  await end(first.child, 'SIGKILL');
  const second = await serve(folder);
  const status = readFileSync(`/proc/${second.child.pid}/status`, 'utf8');
  const [, rss = '0'] = /VmRSS:\s+(\d+)/.exec(status) ?? [];
  const bytes = statSync(join(folder, 'roll.db')).size;
  console.log(
    `${size} instances: ready after ${second.seconds.toFixed(2)} s, RSS ${Math.round(Number(rss) / 1_024)} MB, store ${Math.round(bytes / size)} bytes per instance; registered at ${perSecond}/s`,
  );
  await end(second.child, 'SIGTERM');
  rmSync(folder, { recursive: true });
}
