import { etcdNode } from '../../packages/backends/dist/index.js';
import { frame, GrpcLane, message, numbersOf } from '../wire/grpc.js';
import { openGrpcStream } from '../wire/h2-stream.js';
import { idOf, recordOf, serviceOf } from './instances.js';
import { peerOf } from './peer.js';

const keyOf = (/** @type {number} */ index) => `/bench/${serviceOf(index)}/${idOf(index)}`;
/** The range of all keys of a folder ends at the character after its slash. @param {string} folder @returns {[[number, string], [number, string]]} */
const range = (folder) => [
  [1, `${folder}/`],
  [2, `${folder}0`],
];

/** One etcd: each instance has a lease, and each connection renews its leases on one stream. */
export async function etcd() {
  const { node, address } = await etcdNode();
  const port = Number(address.split(':')[1]);
  return peerOf(node, (ttlMs) => ({
    name: 'etcd',
    watch: (service, onData) =>
      new Promise((resolve, reject) => {
        const opened = openGrpcStream(port, '/etcdserverpb.Watch/Watch', (bytes) => {
          // The first message says that the watch is open.
          opened.then(({ stop }) => resolve(stop), reject);
          onData(bytes);
        });
        opened.then(({ write }) => write(frame(message([1, message(...range(`/bench/${service}`))]))), reject);
      }),
    isGone: (chunk, index) => chunk.includes(keyOf(index)),
    lane: async () => {
      const lane = new GrpcLane(port);
      /** @type {((isKept: boolean) => void)[]} */
      const waiting = [];
      const beats = await openGrpcStream(port, '/etcdserverpb.Lease/LeaseKeepAlive', (bytes) =>
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
        get: (service) => lane.call('/etcdserverpb.KV/Range', message(...range(`/bench/${service}`))),
        list: () => lane.call('/etcdserverpb.KV/Range', message(...range('/bench'), [8, 1])),
        close: () => {
          beats.stop();
          lane.close();
        },
      };
    },
  }));
}
