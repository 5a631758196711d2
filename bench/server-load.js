// Run: node bench/server-load.js (after a build). What a discovery server does per second of its own CPU: renewals,
// single and in batches of 100, and the fetch of an application of 100 instances.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../packages/cli/bin/rollcall.js', import.meta.url));
const child = spawn(process.execPath, [bin, 'serve', '--port', '0', '--json', '--no-warm-up'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [line] = await once(createInterface(child.stdout), 'line');
const { port } = JSON.parse(line);
const agent = new Agent({ keepAlive: true, maxSockets: 32 });

/** User and system time of the server in seconds; the kernel counts in hundredths. */
const cpu = () => {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
/** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<string>} */
const ask = (method, path, body) =>
  new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
    const sent = request({ port, host: '127.0.0.1', method, path, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject).end(payload);
  });

const instances = Array.from({ length: 1_000 }, (_, index) => ({
  ...{
    env: 'bench',
    appid: `app-${index % 10}`,
    hostname: `node-${index}`,
    addrs: [`10.0.${index >> 8}.${index & 255}:80`],
  },
  metadata: { zone: 'a', server: 'bench' },
}));
const { data } = JSON.parse(await ask('POST', '/api/register', { instances }));
/** @type {number[]} */
const handles = data.handles;

/** @param {string} name @param {number} per @param {(turn: number) => Promise<string>} work */
async function load(name, per, work) {
  const [cpuBefore, start] = [cpu(), Date.now()];
  let turns = 0;
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (Date.now() - start < 4_000) {
        turns += 1;
        await work(turns);
      }
    }),
  );
  const spent = cpu() - cpuBefore;
  console.log(
    `${name.padEnd(34)} ${Math.round((turns * per) / spent)} per CPU second (${turns} requests, ${spent.toFixed(2)} s of CPU)`,
  );
}

await load('renewals, single', 1, (turn) => ask('PUT', `/api/leases/${handles[turn % handles.length]}`));
await load('renewals, batch of 100', 100, (turn) =>
  ask('PUT', '/api/leases', handles.slice((turn % 10) * 100, (turn % 10) * 100 + 100)),
);
await load('fetch of 100 instances', 1, (turn) => ask('GET', `/api/fetch?env=bench&appid=app-${turn % 10}`));
agent.destroy();
child.kill('SIGTERM');
