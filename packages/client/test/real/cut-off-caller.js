// A caller that sends 50 requests a second to ten greeters. Every 100 ms it prints a line with the number of answers,
// failures and attempts.
import { subscribe } from 'node:diagnostics_channel';
import { createClient, memory } from 'rollcall';

const [host = '127.0.0.1', ports = '[]'] = process.argv.slice(2);
const registry = memory();
const nodes = JSON.parse(ports).map((/** @type {number} */ port) => ({ id: `g${port}`, address: `${host}:${port}` }));
await registry.register({ name: 'greeter', nodes });
const client = createClient(registry, { logger: { debug() {}, info() {}, warn() {}, error() {} } });
let [answers, failures, attempts] = [0, 0, 0];
subscribe('rollcall:attempt', () => {
  attempts += 1;
});
setInterval(async () => {
  try {
    await (await client.fetch('http://greeter/')).text();
    answers += 1;
  } catch {
    failures += 1;
  }
}, 20);
setInterval(() => {
  console.log(JSON.stringify({ answers, failures, attempts }));
  [answers, failures, attempts] = [0, 0, 0];
}, 100);
