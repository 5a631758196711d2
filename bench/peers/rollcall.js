import { fileURLToPath } from 'node:url';
import { BackendProcess, freePorts } from '../../packages/backends/dist/index.js';
import { HttpLane, openStream } from '../wire/http-lane.js';
import { recordOf } from './instances.js';

const bin = fileURLToPath(new URL('../../packages/cli/bin/rollcall.js', import.meta.url));

/** With the roll on disk, and room for all instances of the one client. @param {string} data */
const keeping = (data) => ['--data-dir', data, '--max-instances-per-token', '2000000'];

/** Our server, as `rollcall serve` runs it. @param {{ name?: string, bin?: string, args?: (data: string) => readonly string[] }} [options] @returns {Promise<import('./peer.js').Peer>} */
export async function rollcall({ name = 'rollcall', bin: file = bin, args = keeping } = {}) {
  const [port = 0] = await freePorts(1);
  /** @type {number[]} */
  const handles = [];
  let ttlMs = 90_000;
  const node = new BackendProcess({
    file: process.execPath,
    args: (data) => [file, 'serve', '--port', `${port}`, '--no-warm-up', '--log-level', 'error', ...args(data)],
    ready: async () => (await fetch(`http://127.0.0.1:${port}/api/services?env=bench`)).ok,
  });
  return {
    name,
    isOurs: true,
    pid: () => node.pid ?? 0,
    start: (ttl) => {
      ttlMs = ttl;
      return node.start();
    },
    kill: () => node.kill(),
    restart: () => node.start(),
    dispose: () => node.dispose(),
    watch: (service, onData) => openStream(port, `/api/watch?env=bench&appid=${service}`, onData),
    gone: (index) => `"hostname":"node-${index}","reason"`,
    lane: async () => {
      const lane = await HttpLane.open(port);
      return {
        register: async (index, mark) => {
          const body = await lane.done(
            'POST',
            '/api/register',
            JSON.stringify({ instances: [recordOf(index, ttlMs, mark)] }),
          );
          handles[index] = JSON.parse(body.toString()).data.handles[0];
        },
        renew: async (index) => void (await lane.done('PUT', `/api/leases/${handles[index]}`)),
        renewAll: async (indices) => {
          const body = await lane.done('PUT', '/api/leases', `[${indices.map((index) => handles[index]).join()}]`);
          if (body.includes('404')) throw new Error(`a lease was lost: ${body}`);
        },
        get: async (service) => (await lane.done('GET', `/api/fetch?env=bench&appid=${service}`)).length,
        list: () => lane.done('GET', '/api/services?env=bench'),
        close: () => lane.close(),
      };
    },
  };
}
