import { BackendProcess, findBinary, freePorts } from '../../packages/backends/dist/index.js';
import { openFeed } from '../wire/lane.js';
import { NatsLane, publish } from '../wire/nats.js';
import { idOf, perService, recordOf, serviceOf } from './instances.js';
import { peerOf } from './peer.js';

const stream = 'KV_bench';
const keyOf = (/** @type {number} */ index) => `$KV.bench.${serviceOf(index)}.${idOf(index)}`;

/** The configuration of a JetStream bucket: a stream that keeps the last message of each subject, on disk. @param {number} ttlMs */
const bucket = (ttlMs) => ({
  ...{ name: stream, subjects: ['$KV.bench.>'], max_msgs_per_subject: 1, max_age: ttlMs * 1_000_000 },
  ...{ storage: 'file', retention: 'limits', discard: 'new', num_replicas: 1, duplicate_window: 100_000_000 },
  ...{ allow_direct: true, allow_rollup_hdrs: true, deny_delete: true, max_msgs: -1, max_bytes: -1, max_msg_size: -1 },
});

let consumers = 0;

/** The consumer through which a NATS client reads or watches a bucket. @param {string} feed The subject that receives its messages. @param {string} filter @param {object} more */
function newConsumer(feed, filter, more) {
  const name = `bench${process.pid}x${consumers++}`;
  const config = {
    ...{ name, deliver_subject: feed, filter_subject: filter, deliver_policy: 'last_per_subject', ack_policy: 'none' },
    ...{ mem_storage: true, num_replicas: 1, max_deliver: 1, inactive_threshold: 5_000_000_000, ...more },
  };
  return {
    create: `$JS.API.CONSUMER.CREATE.${stream}.${name}.${filter}`,
    body: { stream_name: stream, config },
    remove: `$JS.API.CONSUMER.DELETE.${stream}.${name}`,
  };
}

/** NATS with JetStream: an instance is a key of a bucket; a renewal puts it again. Watchers do not hear of expiries. */
export async function nats() {
  const [file, [port = 0]] = await Promise.all([findBinary('nats-server'), freePorts(1)]);
  const node = new BackendProcess({
    file,
    args: (data) => ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', data],
    ready: async () => {
      const lane = await NatsLane.open(port);
      const answer = await lane.call('$JS.API.INFO');
      lane.close();
      return answer.includes('"memory"');
    },
  });
  let keys = 0;
  return peerOf(node, (ttlMs) => ({
    name: 'NATS KV',
    started: async () => {
      keys = 0;
      const lane = await NatsLane.open(port);
      await lane.call(`$JS.API.STREAM.CREATE.${stream}`, bucket(ttlMs));
      lane.close();
    },
    watch: async (service, onData) => {
      const lane = await NatsLane.open(port);
      const feed = `${lane.inbox}.feed`;
      const { send, stop } = await openFeed(port, `${lane.hello()}SUB ${feed} 2\r\n`, (chunk) => {
        if (chunk.includes('PING\r\n')) send('PONG\r\n');
        onData(chunk);
      });
      const { create, body } = newConsumer(feed, `$KV.bench.${service}.*`, { deliver_policy: 'new' });
      await lane.call(create, body);
      lane.close();
      return stop;
    },
    lane: async () => {
      const lane = await NatsLane.open(port);
      const put = (/** @type {number} */ index, /** @type {string} */ mark = 'none') =>
        publish(keyOf(index), lane.inbox, JSON.stringify(recordOf(index, ttlMs, mark)));
      const ask = async (/** @type {string} */ commands, /** @type {number} */ count) => {
        const answers = await lane.ask(commands, count);
        if (!answers.includes('"seq":') || answers.includes('"error"')) throw new Error(`not stored: ${answers}`);
        return answers;
      };
      const all = (/** @type {readonly number[]} */ indices) => {
        keys = Math.max(keys, ...indices.map((index) => index + 1));
        return ask(indices.map((index) => put(index)).join(''), indices.length);
      };
      /** @param {string} filter @param {number} count @param {object} more */
      const read = async (filter, count, more) => {
        const { create, body, remove } = newConsumer(lane.inbox, filter, more);
        // The server sends the answer to the request, then the messages.
        const messages = await lane.ask(publish(create, lane.inbox, JSON.stringify(body)), 1 + count);
        await lane.call(remove);
        return messages;
      };
      return {
        register: (index, mark) => {
          keys = Math.max(keys, index + 1);
          return ask(put(index, mark), 1);
        },
        registerAll: all,
        renew: (index) => ask(put(index), 1),
        renewAll: all,
        get: (service) => read(`$KV.bench.${service}.*`, perService, {}),
        list: () => read('$KV.bench.>', keys, { headers_only: true }),
        has: async (index) =>
          !(await lane.ask(publish(`$JS.API.DIRECT.GET.${stream}.${keyOf(index)}`, lane.inbox, ''))).includes(
            'NATS/1.0 404',
          ),
        close: () => lane.close(),
      };
    },
  }));
}
