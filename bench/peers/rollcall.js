import { fileURLToPath } from 'node:url';
import { BackendProcess, freePorts } from '../../packages/backends/dist/index.js';
import { bodyOf, HttpLane, openStream } from '../wire/http.js';
import { recordOf } from './instances.js';
import { peerOf } from './peer.js';

/** The command-line program of this checkout. */
export const bin = fileURLToPath(new URL('../../packages/cli/bin/rollcall.js', import.meta.url));

/** The limits leave room for all instances and watches of the one client. */
const room = ['--max-instances-per-token', '2000000', '--max-watches', '10000'];

/**
 * Our server, run by `rollcall serve`.
 *
 * @param {{ name?: string, bin?: string, nodeArgs?: readonly string[] }} [options] `bin`: another build of the
 * server; `nodeArgs`: the arguments for Node.
 */
export async function rollcall({ name = 'rollcall', bin: file = bin, nodeArgs = [] } = {}) {
  const [port = 0] = await freePorts(1);
  const serve = [file, 'serve', '--port', `${port}`, '--no-warm-up', '--log-level', 'error', ...room];
  let folder = '';
  const node = new BackendProcess({
    file: process.execPath,
    args: (data) => {
      folder = data;
      return [...nodeArgs, ...serve, '--data-dir', data];
    },
    ready: async () => (await fetch(`http://127.0.0.1:${port}/api/services?env=bench`)).ok,
  });
  const peer = peerOf(node, (ttlMs) => {
    /** @type {number[]} */
    const handles = [];
    return {
      name,
      watch: (service, onData) => openStream(port, `/api/watch?env=bench&appid=${service}`, onData),
      isGone: (chunk, index) => chunk.includes(`"hostname":"node-${index}","reason"`),
      lane: async () => {
        const lane = await HttpLane.open(port);
        /** @param {readonly number[]} indices @param {string} [mark] */
        const registerAll = async (indices, mark) => {
          const instances = indices.map((index) => recordOf(index, ttlMs, mark));
          const { data } = JSON.parse(
            `${bodyOf(await lane.done('POST', '/api/register', JSON.stringify({ instances })))}`,
          );
          for (const [at, index] of indices.entries()) handles[index] = data.handles[at];
        };
        return {
          register: (index, mark) => registerAll([index], mark),
          registerAll,
          renew: (index) => lane.done('PUT', `/api/leases/${handles[index]}`),
          renewAll: async (indices) => {
            const body = `[${indices.map((index) => handles[index]).join()}]`;
            const answer = await lane.done('PUT', '/api/leases', body);
            // The other fields hold numbers too, so the pattern names `statuses`.
            if (/"statuses":\[(?:200,?)*\]/.test(answer.toString('latin1'))) return;
            throw new Error(`a lease was lost: ${bodyOf(answer)}`);
          },
          get: (service) => lane.done('GET', `/api/fetch?env=bench&appid=${service}`),
          list: () => lane.done('GET', '/api/services?env=bench'),
          close: () => lane.close(),
        };
      },
    };
  });
  return { ...peer, address: `127.0.0.1:${port}`, folder: () => folder };
}
