// A client that means well: registers, renews, reads and says at the end (IPC `stop`) how long it waited.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';

const port = Number(process.argv[2]);
// With the certificate of an authority, the client speaks TLS.
const ca = process.argv[3] === undefined ? undefined : readFileSync(process.argv[3]);
const pool = { keepAlive: true, maxSockets: 1 };
const agent = ca === undefined ? new Agent(pool) : new TlsAgent({ ...pool, ca });
const send = ca === undefined ? request : tlsRequest;
/** @type {number[]} */
const waits = [];
/** @type {string[]} */
const faults = [];
let stopped = false;

/** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<{ status: number, text: string }>} */
const ask = (method, path, body) =>
  new Promise((resolve, reject) => {
    const asked = performance.now();
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = text === undefined ? {} : { 'content-type': 'application/json' };
    const sent = send({ port, host: '127.0.0.1', method, path, agent, headers }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        answer += chunk;
      });
      response.on('end', () => {
        waits.push(performance.now() - asked);
        resolve({ status: response.statusCode ?? 0, text: answer });
      });
    });
    sent.once('error', reject).end(text);
  });

const me = { env: 'good', appid: 'web', hostname: 'me', addrs: ['10.0.0.1:80'], ttlMs: 5_000, renewIntervalMs: 1_000 };
process.on('message', () => {
  stopped = true;
});

const registered = await ask('POST', '/api/register', { instances: [me] });
const [handle] = JSON.parse(registered.text).data.handles;
while (!stopped) {
  const renewed = await ask('PUT', `/api/leases/${handle}`);
  if (renewed.status !== 200) faults.push(`renewal ${renewed.status}`);
  const list = await ask('GET', '/api/fetch?env=good&appid=web');
  if (!list.text.includes('"hostname":"me"')) faults.push(`list ${list.status} ${list.text.slice(0, 100)}`);
  await new Promise((resolve) => setTimeout(resolve, 10));
}
waits.sort((a, b) => a - b);
/** @param {number} part */
const quantile = (part) => waits[Math.floor(part * (waits.length - 1))];
process.send?.({ requests: waits.length, p50: quantile(0.5), p99: quantile(0.99), max: quantile(1), faults });
process.disconnect();
agent.destroy();
