import { etcdNode } from '../../packages/backends/dist/index.js';
import { frame, GrpcLane, message, numbersOf } from '../wire/grpc.js';
import { idOf, recordOf, serviceOf } from './instances.js';

const keyOf = (/** @type {number} */ index) => `/bench/${serviceOf(index)}/${idOf(index)}`;
/** All keys of a folder: up to the character after its slash. @param {string} folder @returns {[[number, string], [number, string]]} */
const range = (folder) => [
  [1, `${folder}/`],
  [2, `${folder}0`],
];

/** One etcd: a lease per instance, renewed on a stream per connection. @returns {Promise<import('./peer.js').Peer>} */
export async function etcd() {
  const { node, address } = await etcdNode();
  const port = Number(address.split(':')[1]);
  let ttlMs = 90_000;
  return {
    name: 'etcd',
    pid: () => node.pid ?? 0,
    start: (ttl) => {
      ttlMs = ttl;
      return node.start();
    },
    kill: () => node.kill(),
    restart: () => node.start(),
    dispose: () => node.dispose(),
    watch: async (service, onData) => {
      const lane = new GrpcLane(port);
      const isOpen = new Promise((resolve) => {
        const stream = lane.stream('/etcdserverpb.Watch/Watch', (bytes) => {
          resolve(undefined);
          onData(bytes);
        });
        stream.write(frame(message([1, message(...range(`/bench/${service}`))])));
      });
      await isOpen;
      return () => lane.close();
    },
    gone: (index) => keyOf(index),
    lane: async () => {
      const lane = new GrpcLane(port);
      /** @type {((isKept: boolean) => void)[]} */
      const waiting = [];
      const beats = lane.stream('/etcdserverpb.Lease/LeaseKeepAlive', (bytes) =>
        waiting.shift()?.((numbersOf(bytes).get(3) ?? 0) > 0),
      );
      const renewAll = async (/** @type {readonly number[]} */ indices) => {
        const kept = indices.map(() => new Promise((resolve) => waiting.push(resolve)));
        beats.write(Buffer.concat(indices.map((index) => frame(message([1, index + 1])))));
        if (!(await Promise.all(kept)).every(Boolean)) throw new Error('a lease was lost');
      };
      return {
        register: async (index, mark) => {
          const lease = message([1, Math.ceil(ttlMs / 1_000)], [2, index + 1]);
          if (mark === undefined) await lane.call('/etcdserverpb.Lease/LeaseGrant', lease);
          const put = message([1, keyOf(index)], [2, JSON.stringify(recordOf(index, ttlMs, mark))], [3, index + 1]);
          await lane.call('/etcdserverpb.KV/Put', put);
        },
        renew: (index) => renewAll([index]),
        renewAll,
        get: async (service) =>
          (await lane.call('/etcdserverpb.KV/Range', message(...range(`/bench/${service}`)))).length,
        list: () => lane.call('/etcdserverpb.KV/Range', message(...range('/bench'), [8, 1])),
        close: () => lane.close(),
      };
    },
  };
}
