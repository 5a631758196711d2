import { fileURLToPath } from 'node:url';
import { BackendProcess, freePorts } from '../../packages/backends/dist/index.js';
import { HttpLane, openStream } from '../wire/http-lane.js';
import { idOf, recordOf, serviceOf } from './instances.js';

/** The 40-line node:http server, which stores in memory only. @returns {Promise<import('./peer.js').Peer>} */
export async function floor() {
  const [port = 0] = await freePorts(1);
  const file = fileURLToPath(new URL('../floor-server.js', import.meta.url));
  let ttlMs = 90_000;
  const node = new BackendProcess({
    file: process.execPath,
    args: () => [file, `${port}`],
    ready: async () => (await fetch(`http://127.0.0.1:${port}/list`)).ok,
  });
  return {
    name: '40-line server',
    pid: () => node.pid ?? 0,
    start: (ttl) => {
      ttlMs = ttl;
      return node.start();
    },
    kill: () => node.kill(),
    restart: () => node.start(),
    dispose: () => node.dispose(),
    watch: (service, onData) => openStream(port, `/watch/${service}`, onData),
    gone: (index) => `{"hostname":"node-${index}"}`,
    lane: async () => {
      const lane = await HttpLane.open(port);
      return {
        register: async (index, mark) => {
          const path = `/register/${serviceOf(index)}/${idOf(index)}`;
          await lane.done('PUT', path, JSON.stringify(recordOf(index, ttlMs, mark)));
        },
        renew: async (index) => void (await lane.done('PUT', `/renew/${serviceOf(index)}/${idOf(index)}`)),
        renewAll: async (indices) => {
          const keys = indices.map((index) => [serviceOf(index), idOf(index)]);
          await lane.done('PUT', '/renew-all', JSON.stringify(keys));
        },
        get: async (service) => (await lane.done('GET', `/get/${service}`)).length,
        list: () => lane.done('GET', '/list'),
        close: () => lane.close(),
      };
    },
  };
}
