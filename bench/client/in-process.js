import { once } from 'node:events';
import { createServer } from 'node:http';
import { memory } from '../../packages/adapters/memory/dist/index.js';
import { createClient } from '../../packages/client/dist/index.js';

export const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Returns the median of seven rounds, in nanoseconds of CPU; the median keeps a busy machine from distorting it. @param {number} count @param {(index: number) => unknown} work */
export function nanoseconds(count, work) {
  const rounds = Array.from({ length: 7 }, () => {
    const begin = process.cpuUsage();
    for (let index = 0; index < count; index += 1) work(index);
    const { user, system } = process.cpuUsage(begin);
    return ((user + system) * 1_000) / count;
  });
  return rounds.sort((a, b) => a - b)[3] ?? Number.NaN;
}

/** Makes one call after another; returns the CPU of this process per call, in microseconds. @param {number} count @param {() => Promise<unknown>} call */
export async function microseconds(count, call) {
  const begin = process.cpuUsage();
  for (let index = 0; index < count; index += 1) await call();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / count;
}

/** @param {number} count */
export const nodes = (count) =>
  Array.from({ length: count }, (_, index) => ({
    ...{ id: `n${index}`, address: `127.0.0.1:${index + 1}` },
    metadata: { server: 'http', protocol: 'http', commit: `c${index * 7919}` },
  }));

/** Creates a client of a service in memory. @param {number} count @param {import('../../packages/client/dist/index.js').Strategy} strategy */
export async function openClient(count, strategy) {
  const registry = memory();
  await registry.register({ name: 'users', nodes: nodes(count) });
  const client = createClient(registry, { strategy, probe: false, logger: silent });
  await client.ready('users');
  return { client, registry, service: client.service('users') };
}

/** Calls a server in this process by `client.fetch` and by bare `fetch`, in turns; returns microseconds of CPU per call. @param {number} pairs @param {number} calls */
export async function fetchPairs(pairs, calls) {
  const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const place = server.address();
  const address = `127.0.0.1:${typeof place === 'object' && place !== null ? place.port : 0}`;
  const registry = memory();
  await registry.register({ name: 'users', nodes: [{ id: 'n0', address }] });
  const client = createClient(registry, { logger: silent });
  const bare = () => microseconds(calls, async () => (await fetch(`http://${address}/42`)).text());
  const named = () => microseconds(calls, async () => (await client.fetch('http://users/42')).text());
  await bare();
  await named();
  const measured = [];
  for (let pair = 0; pair < pairs; pair += 1) measured.push({ bare: await bare(), named: await named() });
  await client.close();
  await registry.close();
  server.closeAllConnections();
  server.close();
  return measured;
}
