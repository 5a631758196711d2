import { fileURLToPath } from 'node:url';
import { BackendProcess, freePorts } from '../../packages/backends/dist/index.js';
import { HttpLane, openStream } from '../wire/http.js';
import { idOf, recordOf, serviceOf } from './instances.js';
import { peerOf } from './peer.js';

const file = fileURLToPath(new URL('../floor-server.js', import.meta.url));

/** The 40-line node:http server, which stores in memory only. @param {{ nodeArgs?: readonly string[] }} [options] `nodeArgs`: the arguments for Node. */
export async function floor({ nodeArgs = [] } = {}) {
  const [port = 0] = await freePorts(1);
  const node = new BackendProcess({
    file: process.execPath,
    args: () => [...nodeArgs, file, `${port}`],
    ready: async () => (await fetch(`http://127.0.0.1:${port}/list`)).ok,
  });
  return peerOf(node, (ttlMs) => ({
    name: '40-line server',
    isVolatile: true,
    watch: (service, onData) => openStream(port, `/watch/${service}`, onData),
    isGone: (chunk, index) => chunk.includes(`{"hostname":"node-${index}"}`),
    lane: async () => {
      const lane = await HttpLane.open(port);
      return {
        register: (index, mark) =>
          lane.done(
            'PUT',
            `/register/${serviceOf(index)}/${idOf(index)}`,
            JSON.stringify(recordOf(index, ttlMs, mark)),
          ),
        renew: (index) => lane.done('PUT', `/renew/${serviceOf(index)}/${idOf(index)}`),
        renewAll: (indices) =>
          lane.done('PUT', '/renew-all', JSON.stringify(indices.map((index) => [serviceOf(index), idOf(index)]))),
        get: (service) => lane.done('GET', `/get/${service}`),
        list: () => lane.done('GET', '/list'),
        close: () => lane.close(),
      };
    },
  }));
}
